/// How far a server's log is, and how far those are who take it from there.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/floating.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/wal_name.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr::sql {

/// Of a primary, or of a standby that receives.
struct log_progress {
    timeline tli{};
    lsn flushed{};
    bool in_recovery = false;
    std::int64_t archived = 0;                   ///< files, since the server's statistics began
    std::int64_t failed = 0;                     ///< attempts to archive, likewise
    std::optional<double> seconds_since_last{};  ///< since the archiver's last success
};

/// @throws pgq::sql_error
log_progress read_log_progress(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select (select timeline_id from pg_control_checkpoint()), pg_is_in_recovery(), "
            "(case when pg_is_in_recovery() then coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) "
            "else pg_current_wal_flush_lsn() end)::text, archived_count, failed_count, "
            "extract(epoch from clock_timestamp() - last_archived_time)::float8, "
            "case when pg_is_in_recovery() then null else left(pg_walfile_name(pg_current_wal_lsn()), 8) end "
            "from pg_stat_archiver");
    auto const text = pgq::value_of<std::string>(rows, 0, 2);
    auto const flushed = parse_lsn(text);
    if (!flushed) throw error{fault::unavailable, "the server says that its log is at \"" + text + '"'};
    auto tli = static_cast<std::uint32_t>(pgq::value_of<std::int64_t>(rows, 0, 0));
    // The control file follows a promotion with the next checkpoint only.
    if (auto const current = pgq::value_of<std::optional<std::string>>(rows, 0, 6))
        tli = walmgr::detail::hex_number<std::uint32_t>(*current).value_or(tli);
    return {.tli = timeline{tli},
            .flushed = *flushed,
            .in_recovery = pgq::value_of<bool>(rows, 0, 1),
            .archived = pgq::value_of<std::int64_t>(rows, 0, 3),
            .failed = pgq::value_of<std::int64_t>(rows, 0, 4),
            .seconds_since_last = pgq::value_of<std::optional<double>>(rows, 0, 5)};
}

/// A receiver as its server sees it.
struct receiver_state {
    std::string state{};       ///< startup, catchup or streaming
    std::string sync_state{};  ///< async, potential, sync or quorum
    std::optional<std::string> written{};
    std::optional<std::string> flushed{};
    std::optional<double> flush_seconds{};  ///< how long it took lately until what was flushed here was so there
};

/// The receiver of that application_name; nothing while none is connected. @throws pgq::sql_error
std::optional<receiver_state> read_receiver(pgq::transport auto& db, std::string_view application_name) {
    auto const rows = pgq::query(db,
                                 "select state, sync_state, write_lsn::text, flush_lsn::text, "
                                 "extract(epoch from flush_lag)::float8 from pg_stat_replication "
                                 "where application_name = $1 order by backend_start desc limit 1",
                                 application_name);
    if (rows.empty()) return std::nullopt;
    return receiver_state{.state = pgq::value_of<std::optional<std::string>>(rows, 0, 0).value_or("unknown"),
                          .sync_state = pgq::value_of<std::optional<std::string>>(rows, 0, 1).value_or("unknown"),
                          .written = pgq::value_of<std::optional<std::string>>(rows, 0, 2),
                          .flushed = pgq::value_of<std::optional<std::string>>(rows, 0, 3),
                          .flush_seconds = pgq::value_of<std::optional<double>>(rows, 0, 4)};
}

}  // namespace walmgr::sql
