/// The part of the agent that brings to the repositories what is known of dropped log.
#pragma once

#include "library_log.hpp"
#include "under_pressure.hpp"

#include <pgq/error.hpp>

#include <walmgr/agent/repository_pool.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace walmgr_app {

/// What was dropped is settled as soon as the repositories can be asked again, however long the server is idle then.
class settling {
public:
    settling(config const& settings, walmgr::repository_pool& pool, library_log log)
        : settings_{settings}, pool_{pool}, log_{log}, thread_{[this](std::stop_token const& stop) { run(stop); }} {}

private:
    static constexpr std::chrono::seconds soon{1};
    static constexpr std::chrono::seconds later{5};
    static constexpr std::size_t at_once = 16;  ///< segments

    void run(std::stop_token const& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock{mutex};
        auto rest = soon;
        while (!stopped.wait_for(lock, stop, rest, [&] { return stop.stop_requested(); }))
            rest = once() ? soon : later;
    }
    /// False when something was in the way, which is said once as long as it stays the same.
    bool once() {
        try {
            auto const notes = dropped_log_of(settings_);
            if (notes.names().empty() && notes.aside().empty()) return true;
            auto told = pool_.with([&](walmgr::repositories& all) { return settle(settings_, all, at_once); });
            auto const problem = told.failed.empty() ? std::string{} : lines_of({.failed = told.failed}).front();
            told.failed.clear();
            for (auto const& line : lines_of(told))
                log_.write(pgq::log_level::warning, line);
            say_once(problem);
            return problem.empty();
        } catch (pgq::stopped const&) { return false; } catch (std::exception const& problem) {
            say_once(problem.what());
            return false;
        }
    }
    void say_once(std::string const& problem) {
        if (!problem.empty() && problem != said_) log_.write(pgq::log_level::warning, problem);
        said_ = problem;
    }

    config const& settings_;
    walmgr::repository_pool& pool_;
    library_log log_;
    std::string said_{};
    std::jthread thread_;
};

}  // namespace walmgr_app
