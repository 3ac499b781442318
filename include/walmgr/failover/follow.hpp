/// Letting a running standby follow another primary: after a failover there may be more than one that must be told.
#pragma once

#include <walmgr/failover/old_primary.hpp>
#include <walmgr/sql/settings.hpp>
#include <walmgr/wait.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace walmgr {

/// Why a standby on timeline `tli`, which has log up to `has`, cannot go over to a server on timeline `now`; nothing
/// when it can.
inline std::optional<std::string> obstacle_to_follow(timeline tli, lsn has, timeline now,
                                                     std::vector<ancestor> const& past) {
    if (tli == now) return std::nullopt;
    auto const left = std::find_if(past.begin(), past.end(), [&](ancestor const& one) { return one.tli == tli; });
    if (left == past.end())
        return "it is on timeline " + to_string(tli) + ", which is not in the past of timeline " + to_string(now);
    if (has > left->end)
        return "it has log up to " + to_string(has) + " of timeline " + to_string(tli) +
               ", which the new primary left at " + to_string(left->end);
    return std::nullopt;
}

/// Refuses a standby that cannot follow that primary without being rewound or made anew. @return the primary's timeline
/// @throws error  negative, identity, configuration
inline timeline require_follower(pgq::libpq::connection& standby, pgq::libpq::connection& primary) {
    auto state = sql::read_replay_state(standby);
    if (!state.in_recovery) throw error{fault::negative, "the server that is to follow is a primary; see rejoin"};
    if (sql::in_recovery(primary)) throw error{fault::negative, "the server that is to be followed is a standby"};
    auto const id = [](auto& db) {
        return pgq::value_of<std::string>(pgq::query(db, "select system_identifier::text from pg_control_system()"), 0,
                                          0);
    };
    if (id(standby) != id(primary)) throw error{fault::identity, "the two servers are of two clusters"};
    if (sql::shown_setting(standby, "recovery_target_timeline") != "latest")
        throw error{fault::configuration,
                    "the standby has another recovery_target_timeline than latest, so that it would not go over to the "
                    "primary's timeline; set that to latest first"};
    auto const now = sql::current_timeline(primary);
    // A record that it has the begin of, and of which it looks for the rest, is nothing that it has.
    constexpr std::chrono::seconds enough_to_replay{10};
    holds_within(enough_to_replay, [&] {
        state = sql::read_replay_state(standby);
        return state.replayed >= state.received || state.looks_for_more;
    });
    auto const has = state.looks_for_more ? state.replayed : std::max(state.received, state.replayed);
    if (auto const why = obstacle_to_follow(sql::replayed_timeline(standby), has, now, past_of(primary, now)))
        throw error{fault::negative,
                    "the standby cannot follow: " + *why + "; stop it, and rejoin it or make it anew by createslave"};
    return now;
}

/// Lets a standby, of which require_follower() holds, receive from another primary, and waits until it does.
/// `slot` is made there first; empty for none. @throws error  timed_out; configuration; pgq::error
inline void follow_primary(pgq::libpq::connection& standby, pgq::libpq::connection& primary,
                           std::string const& conninfo, std::string const& slot, timeline now,
                           std::chrono::seconds limit) {
    if (!slot.empty()) sql::keep_log_for(primary, slot);
    sql::alter_system(standby, "primary_conninfo", conninfo);
    sql::alter_system(standby, "primary_slot_name", slot);
    sql::reload(standby);
    std::string last;
    auto const follows = [&] {
        auto const state = sql::read_replay_state(standby);
        last = state.streaming ? "it receives timeline " + to_string(state.received_on) : "it receives nothing";
        return state.streaming && state.received_on >= now &&
               sql::shown_setting(standby, "primary_conninfo") == conninfo;
    };
    wait_until(limit, follows, [&] { return "the standby does not follow: " + last + "; look into its log"; });
}

}  // namespace walmgr
