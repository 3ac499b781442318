/// Work that may never end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace walmgr {

/// Work in a thread of its own, which goes on alone when nobody waits for it any more: so it must own, or share, all
/// that it uses, and a program that ends before it does so by _exit().
class unawaited {
public:
    explicit unawaited(std::function<void()> work) : state_{std::make_shared<state>()} {
        std::thread{[state = state_, work = std::move(work)] {
            std::exception_ptr problem;
            try {
                work();
            } catch (...) { problem = std::current_exception(); }
            std::lock_guard const hold{state->mutex};
            state->over = true;
            state->problem = problem;
            state->changed.notify_all();
        }}.detach();
    }

    /// Whether it is over, at the latest after `span`.
    bool over_within(std::chrono::milliseconds span) const {
        std::unique_lock lock{state_->mutex};
        return state_->changed.wait_for(lock, span, [this] { return state_->over; });
    }
    /// What it has thrown, once it is over; nothing when all went well.
    [[nodiscard]] std::exception_ptr problem() const {
        std::lock_guard const hold{state_->mutex};
        return state_->problem;
    }

private:
    struct state {
        std::mutex mutex{};
        std::condition_variable changed{};
        bool over = false;
        std::exception_ptr problem{};
    };
    std::shared_ptr<state> state_;
};

}  // namespace walmgr
