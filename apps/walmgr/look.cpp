#include "look.hpp"

#include "open_repository.hpp"
#include "parts.hpp"
#include "under_pressure.hpp"

#include <pgq/libpq/connection.hpp>

#include <chrono>
#include <optional>
#include <thread>

namespace walmgr_app {

using namespace std::chrono_literals;

namespace {

/// Where files wait and the archiver works on them: looks on until its pace can be told, for a second, or for five
/// where it is slow.
void watch_archiver(pgq::libpq::connection& db, walmgr::server_status& server) {
    auto const begun = std::chrono::steady_clock::now();
    while (server.pace.begun() && !server.archiver.failing && server.pace.newest().waiting != 0) {
        auto const took = std::chrono::steady_clock::now() - begun;
        if (took > 5s || (took > 1s && server.pace.files_a_second())) return;
        std::this_thread::sleep_for(50ms);
        server.pace.note(walmgr::sql::read_archiver(db));
    }
}

}  // namespace

walmgr::log_status look(config const& settings) {
    walmgr::log_status found{.cluster = settings.cluster};
    auto const* primary = &settings.nodes.master;
    std::optional<pgq::libpq::connection> db;
    try {
        primary = &primary_of(settings.nodes);
        db.emplace(primary->db, pgq::libpq::options{.connect_timeout = 10s, .statement_timeout = 20s});
        found.server = walmgr::ask_server_status(*db, settings.receive.application_name);
    } catch (walmgr::error const& failure) {
        found.failed.push_back({"server", failure.kind(), failure.what()});
    } catch (pgq::usage_error const&) { throw; } catch (pgq::error const& failure) {
        found.failed.push_back({"server", walmgr::fault::unavailable, failure.what()});
    }
    auto all = open_repositories(settings);
    add_storage_status(all, settings.walmgr_data, settings.receive.partial_wals, found);
    auto const& data = primary->data;
    add_local_status(dropped_log_of(settings), settings.pressure, data.empty() ? data : data + "/pg_wal", found);
    if (found.server) {
        try {
            watch_archiver(*db, *found.server);
        } catch (pgq::error const&) {  // it was asked in time: only its pace is not known
        }
    }
    return found;
}

int status_of_look(walmgr::log_status const& found) {
    if (!found.failed.empty()) return static_cast<int>(found.failed.front().kind);
    for (auto const& one : found.repositories) {
        if (!one.gaps.empty()) return static_cast<int>(walmgr::fault::gap);
    }
    if (!found.local.dropped.empty()) return static_cast<int>(walmgr::fault::gap);
    return found.local.pressure && found.local.pressure->holds ? static_cast<int>(walmgr::fault::disk_full) : 0;
}

}  // namespace walmgr_app
