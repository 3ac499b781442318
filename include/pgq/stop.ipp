// Bodies of <pgq/stop.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/stop.hpp>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

namespace pgq::detail {

PGQ_INLINE void sleep_until(std::chrono::steady_clock::time_point end, std::stop_token const& stop) {
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

}  // namespace pgq::detail

namespace pgq {

PGQ_INLINE late_stop::late_stop(std::stop_token first, std::chrono::milliseconds delay)
    : thread_{[this, first = std::move(first), delay](std::stop_token const& ending) { watch(first, ending, delay); }} {
}

PGQ_INLINE late_stop::~late_stop() = default;

PGQ_INLINE void late_stop::watch(std::stop_token const& first, std::stop_token const& ending,
                                 std::chrono::milliseconds delay) {
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

PGQ_INLINE signal_stop::signal_stop()
    : set_{both()}, thread_{[this](std::stop_token const& ending) { watch(ending); }} {}

PGQ_INLINE signal_stop::~signal_stop() {
    thread_.request_stop();
    pthread_kill(thread_.native_handle(), SIGTERM);  // wakes the thread; nobody else sees it
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

PGQ_INLINE sigset_t signal_stop::both() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    return signals;
}

PGQ_INLINE void signal_stop::watch(std::stop_token const& ending) {
    for (int signal = 0; sigwait(&set_, &signal) == 0 && !ending.stop_requested();) {
        if (source_.request_stop()) continue;
        pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
        std::raise(signal);
    }
}

}  // namespace pgq
