#include "supervisor.hpp"

#include <common/daemon.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/sql/queue.hpp>

#include <algorithm>
#include <utility>

namespace pgqd {

using namespace std::chrono_literals;

std::vector<std::string> find_databases(config const& settings, std::stop_token const& stop) {
    if (!settings.database_list.empty()) return settings.database_list;
    pgq::libpq::connection db{settings.conninfo(settings.initial_database),
                              {.stop = stop,
                               .connect_timeout = settings.connect_timeout,
                               .statement_timeout = settings.query_timeout,
                               .application_name = "pgqd"}};
    return pgq::sql::databases(db);
}

void supervisor::run(std::stop_token const& stop, std::function<void()> const& begun) {
    auto next_report = clock::now() + settings_.stats_period;
    bool first = true;
    while (!stop.stop_requested()) {
        auto const now = clock::now();
        if (now >= next_look_) look_for_databases(stop);
        if (std::exchange(first, false)) begun();
        if (now >= next_report) {
            report();
            next_report = now + settings_.stats_period;
        }
        std::unique_lock hold{mutex_};
        changed_.wait_until(hold, stop, std::min(next_look_, next_report), [this] { return reload_; });
        if (std::exchange(reload_, false)) {
            hold.unlock();
            reload();
            next_report = clock::now() + settings_.stats_period;
        }
    }
    for (auto const& [name, one] : workers_)
        one->request_stop();
    workers_.clear();
}

void supervisor::request_reload() {
    std::lock_guard const hold{mutex_};
    reload_ = true;
    changed_.notify_all();
}

void supervisor::reload() {
    apps::notify_service("RELOADING=1");
    try {
        auto fresh = reread_();
        bool const same = fresh == settings_;
        if (!same) {
            for (auto const& [name, one] : workers_)
                one->request_stop();
            workers_.clear();
            settings_ = std::move(fresh);
        }
        log_.info(same ? "configuration read again: nothing has changed" : "configuration read again");
    } catch (pgq::error const& problem) {
        log_.error(std::string{"configuration not read again, the old one stays: "} + problem.what());
    }
    next_look_ = clock::now();
    apps::notify_service("READY=1");
}

void supervisor::look_for_databases(std::stop_token const& stop) {
    try {
        if (settings_.database_list.empty()) log_.debug("auto-detecting dbs ...");
        auto const names = find_databases(settings_, stop);
        std::vector<std::string> gone;
        for (auto const& [name, one] : workers_) {
            if (std::find(names.begin(), names.end(), name) == names.end()) gone.push_back(name);
        }
        remove(gone);
        for (auto const& name : names) {
            if (!workers_.contains(name)) workers_[name] = std::make_unique<worker>(name, settings_, log_, done_);
        }
        trouble_.clear();
        pause_ = settings_.check_period;
    } catch (pgq::stopped const&) { return; } catch (pgq::error const& problem) {
        if (std::exchange(trouble_, problem.what()) != problem.what()) {
            log_.error(std::string{"cannot look for databases: "} + problem.what());
        }
        pause_ = std::min<std::chrono::milliseconds>(settings_.check_period, 5s);
    }
    next_look_ = clock::now() + pause_;
}

void supervisor::remove(std::vector<std::string> const& names) {
    for (auto const& name : names) {
        log_.info("[" + name + "]: database is gone");
        workers_.erase(name);
    }
}

void supervisor::report() {
    log_.info("{ticks: " + std::to_string(done_.ticks.exchange(0)) +
              ", maint: " + std::to_string(done_.maintenance.exchange(0)) +
              ", retry: " + std::to_string(done_.retries.exchange(0)) + "}");
    apps::notify_service("STATUS=" + std::to_string(workers_.size()) + " databases watched");
}

}  // namespace pgqd
