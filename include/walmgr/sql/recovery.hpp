/// What a server says of its recovery.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <string>

namespace walmgr::sql {

/// How far a server has recovered.
struct recovery_progress {
    bool recovering = false;
    bool paused = false;     ///< at its target, or on somebody's request
    std::string position{};  ///< the last that was replayed; empty for none
    std::string time{};      ///< of the last commit that was replayed; empty for none
    std::string timeline{};  ///< that it is on
};

/// Of this server, since it was started. @throws pgq::sql_error
recovery_progress recovery_state(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select r, case when r then pg_get_wal_replay_pause_state() = 'paused' else false end, "
            "coalesce(pg_last_wal_replay_lsn()::text, ''), coalesce(pg_last_xact_replay_timestamp()::text, ''), "
            "case when r then (select min_recovery_end_timeline::text from pg_control_recovery()) "
            "else ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int8::text end "
            "from pg_is_in_recovery() r");
    return {.recovering = pgq::value_of<bool>(rows, 0, 0),
            .paused = pgq::value_of<bool>(rows, 0, 1),
            .position = pgq::value_of<std::string>(rows, 0, 2),
            .time = pgq::value_of<std::string>(rows, 0, 3),
            .timeline = pgq::value_of<std::string>(rows, 0, 4)};
}

}  // namespace walmgr::sql
