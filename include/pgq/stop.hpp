/// Stop requests: from signals, and with a delay. Not for catching errors, and nothing here ends a process by itself,
/// except that a second signal does what it does without us.
#pragma once

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <stop_token>
#include <thread>

namespace pgq {

namespace detail {

/// Sleeps until the time has come or a stop is requested.
[[gnu::cold]] void sleep_until(std::chrono::steady_clock::time_point end, std::stop_token const& stop);

}  // namespace detail

/// Requests a stop some time after another stop was requested.
class late_stop {
public:
    late_stop(std::stop_token first, std::chrono::milliseconds delay);
    late_stop(late_stop const&) = delete;
    late_stop& operator=(late_stop const&) = delete;
    ~late_stop();

    /// The token to hand on: to run(), to a session, to a wait.
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    void watch(std::stop_token const& first, std::stop_token const& ending, std::chrono::milliseconds delay);

    std::stop_source source_{};
    std::jthread thread_;
};

/// Turns the first SIGTERM or SIGINT into a stop request; a second one acts as if this object were not there, which
/// ends the process. Blocks both signals in the thread that makes it: make it before other threads, one at a time.
class signal_stop {
public:
    signal_stop();
    signal_stop(signal_stop const&) = delete;
    signal_stop& operator=(signal_stop const&) = delete;
    ~signal_stop();

    /// The token to hand on: to run(), to a session, to a wait.
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    operator std::stop_token() const { return token(); }  // implicit, so that it stands where a token is wanted

private:
    sigset_t both();

    [[gnu::cold]] void watch(std::stop_token const& ending);

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

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/stop.ipp>
#endif
