/// What a backup of a standby has to know of that, and what its primary does for it.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/transport.hpp>

#include <walmgr/lsn.hpp>
#include <walmgr/sql/replay.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstdint>

namespace walmgr::sql {

/// Where recovery would begin, were the standby started now. No backup of it begins earlier.
struct restart_point {
    lsn redo{};
    timeline tli{};
};

/// @throws pgq::sql_error
restart_point last_restart_point(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select redo_lsn::text, timeline_id::int8 from pg_control_checkpoint()");
    return {.redo = detail::position_of(rows, 0),
            .tli = timeline{static_cast<std::uint32_t>(pgq::value_of<std::int64_t>(rows, 0, 1))}};
}

/// Lets a primary end the segment whose log goes up to `end`, unless it has ended that already.
/// @throws pgq::sql_error, when the role may not; error  identity, when it has not written so far
void end_segment_of(pgq::transport auto& db, lsn end, segment_size size) {
    auto const written = current_position(db);
    if (written < end)
        throw error{fault::identity, "the primary's log ends at " + to_string(written) + ", in front of " +
                                         to_string(end) + ", which its standby has: they are not of one past"};
    auto const last = std::max(end.bytes, std::uint64_t{1}) - 1;
    if (written.bytes / size.bytes == last / size.bytes) pgq::query(db, "select pg_switch_wal()");
}

}  // namespace walmgr::sql
