/// What a standby says of its recovery, and the orders that it takes.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/wal_name.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace walmgr::sql {

namespace detail {

inline lsn position_of(pgq::row_set auto const& rows, std::size_t column) {
    auto const text = pgq::value_of<std::optional<std::string>>(rows, 0, column);
    return text ? parse_lsn(*text).value_or(lsn{}) : lsn{};
}

}  // namespace detail

/// How far a standby is. Positions are zero where there is none.
struct replay_state {
    bool in_recovery = false;
    bool paused = false;
    bool streaming = false;  ///< it receives log from a server right now
    timeline received_on{};  ///< of what it receives, zero when it does not
    lsn received{};
    lsn replayed{};
    /// It has replayed each whole record that it has. False where the role may not see it.
    bool looks_for_more = false;
};

/// @throws pgq::sql_error
replay_state read_replay_state(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select pg_is_in_recovery(), case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end, "
            "coalesce((select status = 'streaming' from pg_stat_wal_receiver), false), "
            "coalesce((select received_tli from pg_stat_wal_receiver), 0), "
            "pg_last_wal_receive_lsn()::text, pg_last_wal_replay_lsn()::text, "
            "coalesce((select wait_event in ('RecoveryRetrieveRetryInterval', 'RecoveryWalStream') "
            "from pg_stat_activity where backend_type = 'startup'), false)");
    return {.in_recovery = pgq::value_of<bool>(rows, 0, 0),
            .paused = pgq::value_of<bool>(rows, 0, 1),
            .streaming = pgq::value_of<bool>(rows, 0, 2),
            .received_on = timeline{static_cast<std::uint32_t>(pgq::value_of<std::int64_t>(rows, 0, 3))},
            .received = detail::position_of(rows, 4),
            .replayed = detail::position_of(rows, 5),
            .looks_for_more = pgq::value_of<bool>(rows, 0, 6)};
}

/// The timeline that a standby has come to, or a primary writes.
timeline current_timeline(pgq::transport auto& db) {
    auto const rows =
        pgq::query(db, "select case when pg_is_in_recovery() then (select greatest(min_recovery_end_timeline, "
                       "(select timeline_id from pg_control_checkpoint())) from pg_control_recovery())::int8 "
                       "else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int8 end");
    return timeline{static_cast<std::uint32_t>(pgq::value_of<std::int64_t>(rows, 0, 0))};
}

/// The timeline that a standby has come to, also when its log has gone over to another one a moment ago. The server
/// notes that with its next restart point only; where it has the history of a later timeline it is asked for one, which
/// writes what has changed in memory. Twice, as only one that has nothing to do is sure to note where replay is.
timeline replayed_timeline(pgq::transport auto& db) {
    auto const noted = current_timeline(db);
    auto const rows = pgq::query(db, "select coalesce(max(('x' || substr(name, 1, 8))::bit(32)::int8), 0) "
                                     "from pg_ls_waldir() where name ~ '^[0-9A-F]{8}[.]history$'");
    auto const newest = timeline{static_cast<std::uint32_t>(pgq::value_of<std::int64_t>(rows, 0, 0))};
    if (newest <= noted) return noted;
    pgq::query(db, "checkpoint");
    pgq::query(db, "checkpoint");
    return current_timeline(db);
}

/// Whether pg_wal has a file of that name. That it holds what the name says is not said.
bool has_log_file(pgq::transport auto& db, std::string const& name) {
    return pgq::value_of<bool>(pgq::query(db, "select exists (select from pg_ls_waldir() where name = $1)", name), 0,
                               0);
}

/// Where a primary writes now.
lsn current_position(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select pg_current_wal_lsn()::text");
    return detail::position_of(rows, 0);
}

/// The history of a timeline as the server keeps it.
std::string timeline_history_text(pgq::transport auto& db, timeline tli) {
    return pgq::value_of<std::string>(pgq::query(db, "select pg_read_file($1)", "pg_wal/" + history_name(tli)), 0, 0);
}

/// Makes a standby a primary. False when that did not happen in time.
bool promote(pgq::transport auto& db, std::chrono::seconds limit) {
    return pgq::value_of<bool>(
        pgq::query(db, "select pg_promote(true, $1::int)", static_cast<std::int64_t>(limit.count())), 0, 0);
}

/// Holds replay, or lets it go on. What is received is kept meanwhile. @throws pgq::sql_error on a primary
void pause_replay(pgq::transport auto& db) {
    pgq::query(db, "select pg_wal_replay_pause()");
}
void resume_replay(pgq::transport auto& db) {
    pgq::query(db, "select pg_wal_replay_resume()");
}

/// Writes a checkpoint, and on a standby a restart point.
void checkpoint(pgq::transport auto& db) {
    pgq::query(db, "checkpoint");
}

/// A setting that is a length of time.
std::chrono::milliseconds duration_setting(pgq::transport auto& db, std::string const& name) {
    auto const rows = pgq::query(db, "select (extract(epoch from current_setting($1)::interval) * 1000)::int8", name);
    return std::chrono::milliseconds{pgq::value_of<std::int64_t>(rows, 0, 0)};
}

/// The length of the server's segments. @throws error  identity, for one that no server has
segment_size segment_size_of(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select setting::int8 from pg_settings where name = 'wal_segment_size'");
    auto const bytes = pgq::value_of<std::int64_t>(rows, 0, 0);
    auto const size = valid_segment_size(static_cast<std::uint64_t>(bytes));
    if (!size) throw error{fault::identity, "the server's segments have " + std::to_string(bytes) + " bytes"};
    return *size;
}

/// Makes a physical slot that keeps the log from now on, unless there is one of that name.
void keep_log_for(pgq::transport auto& db, std::string const& slot) {
    pgq::query(db,
               "select pg_create_physical_replication_slot($1, true) "
               "where not exists (select from pg_replication_slots where slot_name = $1)",
               slot);
}

/// Drops a slot that nobody uses; nothing happens where there is none.
void drop_idle_slot(pgq::transport auto& db, std::string const& slot) {
    pgq::query(db,
               "select pg_drop_replication_slot(slot_name) from pg_replication_slots "
               "where slot_name = $1 and not active",
               slot);
}

/// Whether there is a slot that nobody uses now.
bool has_idle_slot(pgq::transport auto& db, std::string const& slot) {
    return pgq::value_of<bool>(
        pgq::query(db, "select exists (select from pg_replication_slots where slot_name = $1 and not active)", slot), 0,
        0);
}

/// Whether somebody takes a base backup of this server.
bool backup_under_way(pgq::transport auto& db) {
    return pgq::value_of<bool>(pgq::query(db, "select exists (select from pg_stat_progress_basebackup)"), 0, 0);
}

}  // namespace walmgr::sql
