/// What a server says of itself that matters for archive, backup and failover.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/floating.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr::sql {

/// Whether it is a standby, or recovers.
bool in_recovery(pgq::transport auto& db) {
    return pgq::value_of<bool>(pgq::query(db, "select pg_is_in_recovery()"), 0, 0);
}

/// A setting that every server has. @throws pgq::sql_error
std::string shown_setting(pgq::transport auto& db, std::string_view name) {
    return pgq::value_of<std::string>(pgq::query(db, "select current_setting($1)", name), 0, 0);
}

/// Seconds since 1970, by the server's clock.
double server_clock(pgq::transport auto& db) {
    return pgq::value_of<double>(pgq::query(db, "select extract(epoch from clock_timestamp())::float8"), 0, 0);
}

/// A physical slot.
struct slot {
    std::string name{};
    bool active = false;
    std::string wal_status{};                ///< reserved, extended, unreserved or lost; empty when it keeps nothing
    std::optional<std::int64_t> retained{};  ///< bytes of log that it keeps
};

/// All physical slots, by name.
std::vector<slot> physical_slots(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select slot_name::text, active, coalesce(wal_status, ''), pg_wal_lsn_diff(case when pg_is_in_recovery() "
            "then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn)::int8 "
            "from pg_replication_slots where slot_type = 'physical' and not temporary order by 1");
    std::vector<slot> found;
    for (std::size_t i = 0; i < rows.size(); ++i)
        found.push_back({.name = pgq::value_of<std::string>(rows, i, 0),
                         .active = pgq::value_of<bool>(rows, i, 1),
                         .wal_status = pgq::value_of<std::string>(rows, i, 2),
                         .retained = pgq::value_of<std::optional<std::int64_t>>(rows, i, 3)});
    return found;
}

/// Who receives the log of this server.
struct follower {
    std::string name{};  ///< its application_name
    bool streaming = false;
    bool synchronous = false;  ///< commits may wait for it
    bool replays = false;      ///< a server, and not a mere receiver of log
};

/// By name.
std::vector<follower> followers(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select application_name, state = 'streaming', sync_state in ('sync', 'quorum'), "
                                     "replay_lsn is not null from pg_stat_replication order by 1, pid");
    std::vector<follower> found;
    for (std::size_t i = 0; i < rows.size(); ++i)
        found.push_back({.name = pgq::value_of<std::string>(rows, i, 0),
                         .streaming = pgq::value_of<bool>(rows, i, 1),
                         .synchronous = pgq::value_of<bool>(rows, i, 2),
                         .replays = pgq::value_of<bool>(rows, i, 3)});
    return found;
}

}  // namespace walmgr::sql
