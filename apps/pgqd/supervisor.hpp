/// Finds the databases of the server and keeps a worker for each.
#pragma once

#include "config.hpp"
#include "worker.hpp"

#include <common/log.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace pgqd {

/// The names to work on: those configured, or all of the server that take connections and are no templates.
/// @throws pgq::error  when the server cannot be asked
std::vector<std::string> find_databases(config const& settings, std::stop_token const& stop);

class supervisor {
public:
    /// `reread` gives the configuration anew. @throws pgq::error, then the old one stays
    supervisor(config settings, apps::logger& log, std::function<config()> reread)
        : settings_{std::move(settings)}, log_{log}, reread_{std::move(reread)} {}

    /// Works until a stop is requested. `begun()` is called once, when the databases were looked for the first time.
    void run(std::stop_token const& stop, std::function<void()> const& begun);

    /// From any thread: lets run() read the configuration again.
    void request_reload();

private:
    using clock = std::chrono::steady_clock;

    void reload();
    void look_for_databases(std::stop_token const& stop);
    void report();
    void remove(std::vector<std::string> const& names);

    config settings_;
    apps::logger& log_;
    std::function<config()> reread_;
    counters done_{};
    std::map<std::string, std::unique_ptr<worker>> workers_{};
    std::string trouble_{};
    clock::time_point next_look_{};
    std::chrono::milliseconds pause_{0};

    std::mutex mutex_{};
    std::condition_variable_any changed_{};
    bool reload_ = false;
};

}  // namespace pgqd
