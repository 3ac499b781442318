/// Threads that live as long as their consumer, each with a bounded queue of events.
/// Not for users: <pgq/policy/keyed.hpp>.
#pragma once

#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/outcome.hpp>
#include <pgq/policy/owned_event.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pgq::detail {

/// What the workers do with the events of one batch: `note` is called by one thread at a time.
struct keyed_job {
    void const* context = nullptr;
    outcome (*handle)(void const*, event const&) = nullptr;
    void (*note)(void const*, event const&, outcome const&) = nullptr;
};

class keyed_workers {
public:
    keyed_workers(std::size_t threads, std::size_t queued, std::size_t memory);
    keyed_workers(keyed_workers const&) = delete;
    keyed_workers& operator=(keyed_workers const&) = delete;
    ~keyed_workers() { end(); }

    /// One batch, given by one thread. However it ends, no worker is in a handler any more when it is over.
    class batch {
    public:
        batch(keyed_workers& workers, keyed_job job) : workers_{workers} { workers_.start(job); }
        batch(batch const&) = delete;
        batch& operator=(batch const&) = delete;
        ~batch() { workers_.drop(); }

        /// Waits for room. `pause` is called about twenty times a second while it waits, and may throw; `relieve` is
        /// called while no `note` runs. @throws what a handler has thrown
        void give(event const& ev, std::uint64_t hash, auto const& pause, auto const& relieve) {
            workers_.give(ev, hash, pause, relieve);
        }
        /// Waits until all are handled. @throws what a handler has thrown
        void finish(auto const& pause) { workers_.finish(pause); }

    private:
        keyed_workers& workers_;
    };

private:
    struct lane {
        explicit lane(std::size_t queued) : ring(queued) {}

        std::vector<owned_event> ring;
        std::size_t first = 0;
        std::size_t count = 0;  // the one that is being handled counts
        std::condition_variable filled{};
        std::thread thread{};
    };

    void end();

    void start(keyed_job job) {
        std::lock_guard const hold{mutex_};
        job_ = job;
        failure_ = nullptr;
        dropping_ = false;
    }

    void give(event const& ev, std::uint64_t hash, auto const& pause, auto const& relieve) {
        auto& to = *lanes_[hash % lanes_.size()];
        auto const bytes = owned_event::size_of(ev);
        std::unique_lock lock{mutex_};
        wait(lock, pause, [&] {
            bool const fits = held_ == 0 || held_ + bytes <= memory_;
            return dropping_ || (fits && to.count < to.ring.size());
        });
        if (failure_) std::rethrow_exception(failure_);
        relieve();
        auto& slot = to.ring[(to.first + to.count) % to.ring.size()];
        lock.unlock();
        slot.assign(ev);  // nobody looks at it before it is counted
        lock.lock();
        held_ += bytes;
        if (++to.count == 1) to.filled.notify_one();
    }

    void finish(auto const& pause) {
        std::unique_lock lock{mutex_};
        wait(lock, pause, [&] { return idle(); });
        if (failure_) std::rethrow_exception(failure_);
    }

    void drop();

    void wait(std::unique_lock<std::mutex>& lock, auto const& pause, auto const& met) {
        while (!moved_.wait_for(lock, std::chrono::milliseconds{50}, met)) {
            lock.unlock();
            pause();
            lock.lock();
        }
    }

    [[nodiscard]] bool idle() const {
        for (auto const& one : lanes_) {
            if (one->count > 0) return false;
        }
        return true;
    }

    void work(lane& own) {
        std::unique_lock lock{mutex_};
        for (;;) {
            own.filled.wait(lock, [&] { return ending_ || own.count > 0; });
            if (own.count == 0) return;
            auto& slot = own.ring[own.first];
            if (!dropping_) handle(slot.get(), lock);
            held_ -= slot.bytes();
            slot.release();
            own.first = (own.first + 1) % own.ring.size();
            --own.count;
            moved_.notify_one();
        }
    }

    void handle(event const& ev, std::unique_lock<std::mutex>& lock) {
        auto const job = job_;
        lock.unlock();
        try {
            outcome const verdict = job.handle(job.context, ev);
            lock.lock();
            job.note(job.context, ev, verdict);
        } catch (...) {
            if (!lock.owns_lock()) lock.lock();
            if (!failure_) failure_ = std::current_exception();
            dropping_ = true;
        }
    }

    std::size_t memory_;
    std::vector<std::unique_ptr<lane>> lanes_{};
    std::mutex mutex_{};
    std::condition_variable moved_{};
    keyed_job job_{};
    std::exception_ptr failure_{};
    std::size_t held_ = 0;
    bool dropping_ = false;
    bool ending_ = false;
};

}  // namespace pgq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/keyed_workers.ipp>
#endif
