/// What becomes of a server that was the primary and is not any more.
#pragma once

#include <walmgr/control_data.hpp>
#include <walmgr/failover/any_machine.hpp>
#include <walmgr/failover/promotion.hpp>
#include <walmgr/journal.hpp>
#include <walmgr/node.hpp>
#include <walmgr/role.hpp>
#include <walmgr/timeline_history.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace walmgr {

/// Whether it can follow as it is, or has written what the new primary does not have.
enum class way_back {
    follow,  ///< all that it wrote is in the new primary's past
    rewind   ///< it has more, or nobody knows: pg_rewind finds out
};

/// Decides by where the old primary ended, and where the new one's history leaves the timelines before it.
inline way_back way_back_of(control_data const& old, timeline now, std::vector<ancestor> const& past) {
    bool const stopped = old.state == cluster_state::shut_down || old.state == cluster_state::shut_down_in_recovery;
    if (!stopped) return way_back::rewind;
    if (old.tli == now) return old.state == cluster_state::shut_down_in_recovery ? way_back::follow : way_back::rewind;
    for (auto const& one : past) {
        if (one.tli != old.tli) continue;
        // The record of a shutdown is the last that was written. Where a timeline is left is the end of a record, so
        // that all of the record is in the past if its begin is.
        auto const replayed = old.state == cluster_state::shut_down ? old.checkpoint : old.minimum_end;
        bool const inside = old.state == cluster_state::shut_down ? replayed < one.end : replayed <= one.end;
        return inside ? way_back::follow : way_back::rewind;
    }
    return way_back::rewind;
}

/// The timelines that a primary's timeline came from.
inline std::vector<ancestor> past_of(pgq::libpq::connection& primary, timeline now) {
    if (now == timeline{1}) return {};
    auto const past = parse_timeline_history(sql::timeline_history_text(primary, now), now);
    if (!past) throw error{fault::corrupt, "the new primary's history of timeline " + to_string(now) + " is not whole"};
    return *past;
}

/// Makes the data of an old primary what the new one's were where they parted. Its configuration files stay its own.
/// pg_rewind is not run again where it has done its work, and goes on to its end if we are killed.
/// @throws error  configuration, when it was never prepared for that; unavailable, with what pg_rewind says
inline void rewind_node(node const& old, any_machine const& at, std::chrono::seconds limit, journal& log) {
    auto const found = at.look(look_limit).control;
    if (!found.checksums && !found.log_hints)
        throw error{fault::configuration, old.name + " has diverged, and has neither checksums nor wal_log_hints, "
                                                     "without which pg_rewind cannot work; make it anew"};
    log.step("keep configuration", [&] { at.act(machine_step::keep, limit); });
    log.step("rewind", [&] { at.act(machine_step::rewind, limit); });
    log.step("give configuration back", [&] { at.act(machine_step::give_back, limit); });
}

/// Makes a stopped server a standby of `primary`, starts it, and waits until it receives log on timeline `now`. The
/// primary keeps the log for it by its slot, where it has one.
/// @throws error  timed_out, with what to look at
inline void make_standby(node const& old, any_machine const& at, node const& primary, timeline now,
                         std::chrono::seconds limit, journal& log) {
    log.step("make standby", [&] {
        if (!old.slot.empty()) {
            auto db = session_with(primary, std::chrono::seconds{30});
            sql::keep_log_for(db, old.slot);
        }
        at.act(machine_step::follow, limit);
    });
    log.step("start standby", [&] { at.act(machine_step::start, limit); });
    std::string last = "it cannot be asked";
    auto const streams = [&] {
        try {
            auto db = session_with(old, std::chrono::seconds{30});
            auto const state = sql::read_replay_state(db);
            last = state.streaming ? "it receives timeline " + to_string(state.received_on) : "it receives nothing";
            return state.in_recovery && state.streaming && state.received_on >= now;
        } catch (pgq::connection_error const&) { return false; }
    };
    wait_until(limit, streams, [&] {
        return shown(old) + " does not follow on timeline " + to_string(now) + ": " + last + "; look into its log";
    });
    // As a primary it kept the log for the other one and for who receives it, and would now keep it for ever.
    auto db = session_with(old, std::chrono::seconds{30});
    if (old.slot == primary.slot) sql::drop_idle_slot(db, old.slot);
    sql::drop_idle_slot(db, old.receiver_slot);
}

}  // namespace walmgr
