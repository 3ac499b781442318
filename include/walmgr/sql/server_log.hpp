/// Reading whole segments of the log out of a server's pg_wal. For superusers and members of pg_read_server_files.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/sql/hex_bytes.hpp>
#include <walmgr/sql/replay.hpp>
#include <walmgr/timeline_history.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr::sql {

/// Up to where a primary's log does not change any more.
struct finished_log {
    timeline tli{};
    lsn written{};                 ///< it writes on from here
    std::vector<ancestor> past{};  ///< of its timeline
};

/// @throws pgq::sql_error; error  negative, for a standby, whose last segments may still change
finished_log read_finished_log(pgq::transport auto& db) {
    if (read_replay_state(db).in_recovery)
        throw error{fault::negative, "the server is a standby, whose log is not taken; name the primary"};
    finished_log found{.tli = current_timeline(db), .written = current_position(db)};
    if (found.tli > timeline{1}) {
        auto past = parse_timeline_history(timeline_history_text(db, found.tli), found.tli);
        if (past) found.past = std::move(*past);
    }
    return found;
}

/// Whether a segment is one that such a server has written to its end.
inline bool has_finished(finished_log const& log, segment which, segment_size size) {
    if (which.tli == log.tli) return which.number < log.written.bytes / size.bytes;
    return std::any_of(log.past.begin(), log.past.end(), [&](ancestor const& one) {
        return one.tli == which.tli && which.number < one.end.bytes / size.bytes;
    });
}

/// Calls `sink(std::string_view)` with a file of pg_wal, piece by piece. False when there is none; it may go away
/// meanwhile, so that what came may only be used when this returns true. @throws pgq::sql_error
bool read_log_file(pgq::transport auto& db, std::string const& name, segment_size size, auto&& sink) {
    constexpr std::uint64_t piece = std::uint64_t{4} << 20U;
    for (std::uint64_t at = 0; at < size.bytes; at += piece) {
        auto const wanted = std::min<std::uint64_t>(piece, size.bytes - at);
        auto const rows =
            pgq::query(db, "select encode(pg_read_binary_file($1, $2, $3, true), 'hex')", "pg_wal/" + name,
                       static_cast<std::int64_t>(at), static_cast<std::int64_t>(wanted));
        auto const digits = pgq::value_of<std::optional<std::string>>(rows, 0, 0);
        if (!digits || digits->size() != 2 * wanted) return false;
        sink(std::string_view{bytes_of_hex(*digits)});
    }
    return true;
}

}  // namespace walmgr::sql
