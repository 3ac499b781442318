/// What the agent does ahead, by the repositories of a configuration.
#pragma once

#include "config.hpp"
#include "library_log.hpp"

#include <walmgr/agent/prefetch.hpp>
#include <walmgr/agent/repository_pool.hpp>
#include <walmgr/repositories/archive.hpp>
#include <walmgr/repositories/fetch.hpp>

#include <optional>
#include <string>
#include <variant>

namespace walmgr_app {

/// How the agent archives, for archive_ahead.
struct storing {
    config const* settings;
    walmgr::repository_pool* pool;

    walmgr::archive_report store(std::string const& path, std::string const& name, auto const& packed) const {
        return judged([&](walmgr::repositories& all) {
            return std::visit([&](auto const& way) { return walmgr::archive_file(all, way, path, name, packed); },
                              settings->pack);
        });
    }
    walmgr::archive_report still_stored(walmgr::archive_report const& before, std::string const& name) const {
        return judged([&](walmgr::repositories& all) { return walmgr::still_archived(all, before, name); });
    }

private:
    walmgr::archive_report judged(auto const& work) const {
        return pool->with([&](walmgr::repositories& all) {
            auto report = work(all);
            walmgr::require_archived(report, settings->wal_copies, all.size());
            return report;
        });
    }
};

/// How it fetches, for prefetch.
struct fetching {
    walmgr::repository_pool* pool;
    library_log log;

    std::optional<walmgr::fetched_segment> fetch(std::string const& name, std::string const& place) const {
        auto const report =
            pool->with([&](walmgr::repositories& all) { return walmgr::fetch_whole(all, name, place); });
        if (!report.found && !report.failed.empty()) walmgr::refuse_all(report.failed);
        for (auto const& one : report.failed)
            log.write(pgq::log_level::warning, one.why);
        if (!report.found) return std::nullopt;
        return walmgr::fetched_segment{report.label.raw_digest, report.label.from.size};
    }
};

}  // namespace walmgr_app
