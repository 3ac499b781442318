// Bodies of <pgq/policy/keyed_workers.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/keyed_workers.hpp>

namespace pgq::detail {

PGQ_INLINE keyed_workers::keyed_workers(std::size_t threads, std::size_t queued, std::size_t memory) : memory_{memory} {
    for (std::size_t i = 0; i < threads; ++i)
        lanes_.push_back(std::make_unique<lane>(queued));
    try {
        for (auto& one : lanes_)
            one->thread = std::thread{[this, at = one.get()] { work(*at); }};
    } catch (std::exception const& failure) {
        end();
        throw error{std::string{"cannot start a thread: "} + failure.what()};
    }
}

PGQ_INLINE void keyed_workers::end() {
    {
        std::lock_guard const hold{mutex_};
        ending_ = true;
        for (auto& one : lanes_)
            one->filled.notify_one();
    }
    for (auto& one : lanes_) {
        if (one->thread.joinable()) one->thread.join();
    }
}

PGQ_INLINE void keyed_workers::drop() {
    std::unique_lock lock{mutex_};
    dropping_ = true;
    moved_.wait(lock, [&] { return idle(); });
}

}  // namespace pgq::detail
