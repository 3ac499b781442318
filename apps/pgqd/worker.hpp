/// All work on one database: a thread that ticks, one that maintains, one that moves retries. Each has a session of its
/// own, so that none waits for another.
#pragma once

#include "config.hpp"

#include <common/log.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/maintenance.hpp>
#include <pgq/ticker.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace pgqd {

/// What has been done, over all databases, since the last line about it.
struct counters {
    std::atomic<std::uint64_t> ticks{0};
    std::atomic<std::uint64_t> maintenance{0};
    std::atomic<std::uint64_t> retries{0};
};

/// Starts at once; ends within moments when destroyed.
class worker {
public:
    worker(std::string database, config const& settings, apps::logger& log, counters& done);
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;
    ~worker() { request_stop(); }

    /// Lets the threads end, without waiting for them.
    void request_stop() {
        for (auto* thread : {&ticking_, &maintaining_, &retrying_})
            thread->request_stop();
    }

private:
    using clock = std::chrono::steady_clock;

    void tick(std::stop_token const& stop);
    void tick_on_one_session(std::stop_token const& stop, std::chrono::milliseconds& pause);
    /// Calls `work(session)` every `period` on a new session, while this process is the one that ticks.
    void repeat(std::stop_token const& stop, std::chrono::milliseconds period, std::string_view what, auto const& work);

    /// Says the same at most once a minute; numbers make no difference.
    void complain(apps::severity level, std::string const& text);
    void take(pgq::ticker_role role, std::string const& version, bool on_demand);
    [[nodiscard]] pgq::libpq::options session_options(std::stop_token const& stop, std::chrono::milliseconds limit);
    /// False when a stop ended the wait.
    bool wait(std::stop_token const& stop, clock::time_point end);
    bool wait_until_active(std::stop_token const& stop);
    void say(apps::severity level, std::string const& text) { log_.write(level, "[" + database_ + "]: " + text); }

    std::string database_;
    config const settings_;
    apps::logger& log_;
    counters& done_;

    std::mutex mutex_{};
    std::condition_variable_any changed_{};
    pgq::ticker_role role_ = pgq::ticker_role::unknown;
    std::map<std::string, clock::time_point> told_{};

    std::jthread ticking_;
    std::jthread maintaining_;
    std::jthread retrying_;
};

}  // namespace pgqd
