/// Stop requests: from signals, and with a delay. Not for catching errors, and nothing here ends a process by itself,
/// except that a second signal does what it does without us.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace pgq {

namespace detail {

/// Sleeps until the time has come or a stop is requested.
[[gnu::cold]] inline void sleep_until(std::chrono::steady_clock::time_point end, std::stop_token const& stop) {
    std::mutex mutex;
    std::condition_variable changed;
    std::stop_callback const wake{stop, [&] {
                                      std::lock_guard const hold{mutex};
                                      changed.notify_all();
                                  }};
    std::unique_lock lock{mutex};
    while (!stop.stop_requested() && changed.wait_until(lock, end) == std::cv_status::no_timeout)
        continue;
}

}  // namespace detail

/// Requests a stop some time after another stop was requested.
class late_stop {
public:
    late_stop(std::stop_token first, std::chrono::milliseconds delay)
        : thread_{[this, first = std::move(first), delay](std::stop_token const& ending) {
              watch(first, ending, delay);
          }} {}
    late_stop(late_stop const&) = delete;
    late_stop& operator=(late_stop const&) = delete;
    ~late_stop() = default;

    /// The token to hand on: to run(), to a session, to a wait.
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    void watch(std::stop_token const& first, std::stop_token const& ending, std::chrono::milliseconds delay) {
        {
            std::stop_source either;
            auto const end = [&] { either.request_stop(); };
            std::stop_callback const by_first{first, end};
            std::stop_callback const by_ending{ending, end};
            detail::sleep_until(std::chrono::steady_clock::time_point::max(), either.get_token());
        }
        if (!ending.stop_requested()) detail::sleep_until(std::chrono::steady_clock::now() + delay, ending);
        if (!ending.stop_requested()) source_.request_stop();
    }

    std::stop_source source_{};
    std::jthread thread_;
};

/// Turns the first SIGTERM or SIGINT into a stop request; a second one acts as if this object were not there, which
/// ends the process. Blocks both signals in the thread that makes it: make it before other threads, one at a time.
class signal_stop {
public:
    signal_stop() : set_{both()}, thread_{[this](std::stop_token const& ending) { watch(ending); }} {}
    signal_stop(signal_stop const&) = delete;
    signal_stop& operator=(signal_stop const&) = delete;
    ~signal_stop() {
        thread_.request_stop();
        pthread_kill(thread_.native_handle(), SIGTERM);  // wakes the thread; nobody else sees it
        thread_.join();
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    /// The token to hand on: to run(), to a session, to a wait.
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    operator std::stop_token() const { return token(); }  // implicit, so that it stands where a token is wanted

private:
    sigset_t both() {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals, &before_);
        return signals;
    }

    [[gnu::cold]] void watch(std::stop_token const& ending) {
        for (int signal = 0; sigwait(&set_, &signal) == 0 && !ending.stop_requested();) {
            if (source_.request_stop()) continue;
            pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
            std::raise(signal);
        }
    }

    sigset_t before_{};
    sigset_t set_;
    std::stop_source source_{};
    std::jthread thread_;
};

/// `run(consumer, conninfo, stop_on_signals())`
[[gnu::cold]] inline signal_stop stop_on_signals() {
    return {};
}

}  // namespace pgq
