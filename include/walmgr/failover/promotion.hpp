/// Making a standby the primary: everything replayed that can be had, promoted, and proven to be on a timeline of its
/// own.
#pragma once

#include <pgq/libpq/connection.hpp>

#include <walmgr/failover/ended_log.hpp>
#include <walmgr/journal.hpp>
#include <walmgr/role.hpp>
#include <walmgr/sql/replay.hpp>
#include <walmgr/wait.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace walmgr {

/// A number as journals and messages show it.
inline std::string to_string(timeline tli) {
    return std::to_string(static_cast<std::uint32_t>(tli));
}

/// Waits until a standby has replayed what the archive has, up to a gap where there is one, receives nothing any more,
/// and has not moved for as long as it needs to look for more twice.
/// @throws error  gap, when it stands in front of one that nobody has accepted; timed_out, with what it has and lacks;
/// configuration, when it delays replay on purpose; pgq::error
inline void drain(pgq::libpq::connection& db, ended_log const& log, std::chrono::seconds limit) {
    using clock = std::chrono::steady_clock;
    if (sql::duration_setting(db, "recovery_min_apply_delay") > std::chrono::milliseconds{0})
        throw error{fault::configuration, "the standby delays replay by recovery_min_apply_delay; set that to 0 first"};
    auto const settle = std::max<std::chrono::milliseconds>(
        sql::duration_setting(db, "wal_retrieve_retry_interval") * 2, std::chrono::seconds{1});
    sql::replay_state last;
    lsn up_to;
    auto moved = clock::now();
    auto const at_end = [&] {
        auto const now = sql::read_replay_state(db);
        if (!now.in_recovery) return true;
        if (now.paused) sql::resume_replay(db);
        if (now.replayed != last.replayed || now.received != last.received || now.streaming || now.paused)
            moved = clock::now();
        last = now;
        auto const* const gap = gap_ahead(log, now.replayed);
        up_to = least_end(log, gap);
        // Where a server was lost what was received may end within a record, which is never replayed.
        bool const all = now.replayed >= now.received || now.looks_for_more;
        bool const there = now.replayed >= up_to && all && clock::now() - moved >= settle;
        if (there && gap != nullptr) require_accepted(log, *gap);
        return there;
    };
    wait_until(limit, at_end, [&] {
        if (last.streaming) return std::string{"the standby still receives log from a server that lives"};
        return "the standby has replayed up to " + to_string(last.replayed) + " and received up to " +
               to_string(last.received) + ", and the repository has log from " + to_string(up_to) +
               " on; look into its log, and whether its restore_command works";
    });
}

/// Promotes a standby, unless that has been done, and waits until it is a primary on a later timeline than `before`.
/// @throws error  timed_out, identity
inline timeline promote_standby(pgq::libpq::connection& db, timeline before, std::chrono::seconds limit) {
    if (sql::in_recovery(db)) {
        db.statement_timeout(limit + std::chrono::seconds{30});
        sql::promote(db, limit);
        wait_until(
            limit, [&] { return !sql::in_recovery(db); },
            [] { return std::string{"the standby has not become a primary; look into its log"}; });
    }
    auto const now = sql::current_timeline(db);
    if (now <= before)
        throw error{fault::identity, "the server is a primary on timeline " + to_string(now) + ", where one after " +
                                         to_string(before) + " was expected"};
    return now;
}

}  // namespace walmgr
