/// boot, switchover and rejoin, step by step. Each step is journalled; what was done is not done again.
#pragma once

#include <unistd.h>
#include <walmgr/failover/any_machine.hpp>
#include <walmgr/failover/old_primary.hpp>
#include <walmgr/failover/promotion.hpp>
#include <walmgr/sql/kept_log.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// What the steps need of those who know the repository and the configuration.
struct failover_hooks {
    /// What all repositories together have of a timeline, and what they lack.
    std::function<ended_log(timeline)> log{};
    /// Records in the repository that a timeline is given up at a position.
    std::function<void(timeline, lsn)> give_up{};
    /// Says what a receiver has of a timeline that is given up and has not put into the repository; empty for nothing.
    std::function<std::string(timeline)> missing{};
    /// Says what of that a standby could replay and has not, when it has come to a position, up to where a gap begins;
    /// empty for nothing.
    std::function<std::string(timeline, lsn, lsn)> unreplayed{};
    /// Makes sure that each repository will take what a switchover has for it, or throws.
    std::function<void(timeline, journal const&)> ready{};
    /// Makes sure that nobody else promotes a standby at the end of a timeline, or throws.
    std::function<void(timeline, journal&)> claim{};
    /// Brings what the repositories lack of the timeline that a new one goes on from, by its history; never fails.
    std::function<void(timeline, std::string const&)> bring_left{};
    /// Puts a timeline's history into the repository.
    std::function<void(timeline, std::string const&)> keep_history{};
    /// Hears of each step before it is done.
    std::function<void(std::string const&)> say{};
    /// Hears of what is lost.
    std::function<void(std::string const&)> warn{};
};

namespace detail {

inline timeline noted_timeline(journal const& log, std::string_view name) {
    auto const text = log.noted(name).value_or("0");
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return timeline{number};
}

}  // namespace detail

/// Refuses unless an old primary is known to write no more: it does not answer, and no server is seen on its data
/// folder where somebody can look there, on this machine or the other; or `fence` is a command that ends with 0 within
/// `limit`. A machine that does not answer proves nothing, and is no reason to go without a primary: `say` hears of it.
/// @throws error  server_running; unavailable, when the command fails; timed_out, when it hangs and was stopped
inline void require_fenced(node const& old, any_machine const& at, std::vector<std::string> const& fence,
                           std::chrono::seconds limit, std::function<void(std::string const&)> const& say) {
    if (!fence.empty()) {
        run_checked(fence, {.deadline = limit});
        return;
    }
    // Where the standby stands in the place of a lost master no other server need be named.
    auto const is = old.named ? role_of(old) : role::silent;
    if (is == role::primary || is == role::living)
        throw error{fault::server_running, old.name + " " + to_string(is) +
                                               "; stop it first, or let fence_cmd make sure that it writes no more"};
    bool const here = old.machine.host.empty();
    if (is == role::standby || (here && (old.data.empty() || ::access(old.data.c_str(), F_OK) != 0))) return;
    std::optional<std::string> sign;
    try {
        sign = at.look(std::min(limit, std::chrono::seconds{10})).sign;
    } catch (error const& problem) { say("whether " + shown(old) + " runs could not be seen: " + problem.what()); }
    if (sign)
        throw error{fault::server_running, shown(old) + " does not answer, but runs: " + *sign + "; stop it there"};
}

/// From a standby that has everything to a primary of its own timeline, with its history in the repository.
inline timeline finish_promotion(pgq::libpq::connection& db, std::chrono::seconds limit, failover_hooks const& hooks,
                                 journal& log) {
    auto const before = detail::noted_timeline(log, "timeline");
    if (sql::in_recovery(db)) {
        // Somebody else may have promoted another server since, which nobody who is asked here knows of.
        if (auto const on = sql::replayed_timeline(db); on != before)
            throw error{fault::identity, "the standby has gone over to timeline " + to_string(on) + " since timeline " +
                                             to_string(before) +
                                             " was chosen: another server was promoted; where this "
                                             "one is to be the primary nevertheless, give --undo, and then begin anew"};
        hooks.claim(before, log);
    }
    // The first checkpoint of a primary removes what nobody seems to need.
    std::optional<sql::kept_log<pgq::libpq::connection>> kept;
    if (hooks.bring_left && !log.done("bring")) kept.emplace(db);
    hooks.say("promote");
    log.step("promote", [&] { promote_standby(db, before, limit); });
    auto const now = promote_standby(db, before, limit);
    db.statement_timeout(std::chrono::minutes{30});
    if (hooks.bring_left) log.step("bring", [&] { hooks.bring_left(now, sql::timeline_history_text(db, now)); });
    kept.reset();
    hooks.say("checkpoint on timeline " + to_string(now));
    log.step("checkpoint", [&] { sql::checkpoint(db); });
    hooks.say("history of timeline " + to_string(now) + " into the repository");
    log.step("history", [&] { hooks.keep_history(now, sql::timeline_history_text(db, now)); });
    return now;
}

/// Waits until all who have received a timeline have put what they have into the repository: commits that were
/// acknowledged may be nowhere else. @throws error  timed_out, which says who has not
inline void await_receivers(timeline tli, std::chrono::seconds limit, failover_hooks const& hooks) {
    auto missing = hooks.missing(tli);
    if (missing.empty()) return;
    hooks.say("wait for what was received: " + missing);
    wait_until(
        limit, [&] { return (missing = hooks.missing(tli)).empty(); },
        [&] {
            return missing + ". Commits may have been acknowledged that are nowhere else; where they are lost, boot "
                             "--without-receivers goes on";
        });
}

/// Waits until a standby has replayed all that can be had of a timeline that was given up.
/// @throws error  gap, timed_out
inline void replay_to_end(pgq::libpq::connection& db, std::chrono::seconds limit, failover_hooks const& hooks,
                          journal& log) {
    auto const tli = detail::noted_timeline(log, "timeline");
    await_receivers(tli, limit, hooks);
    hooks.say("wait until everything is replayed");
    auto const there = hooks.log(tli);
    require_way(db, there);
    drain(db, there, limit);
    auto const replayed = [&] { return sql::read_replay_state(db).replayed; };
    auto const* const gap = gap_ahead(there, replayed());
    auto const end = gap == nullptr ? lsn{UINT64_MAX} : begin_of({tli, gap->where.first}, there.size);
    std::string left;
    wait_until(
        limit, [&] { return (left = hooks.unreplayed(tli, replayed(), end)).empty(); }, [&] { return left; });
    if (!sql::in_recovery(db)) return;
    if (auto const lost = lost_behind(there, replayed()); !lost.empty()) hooks.warn(lost);
}

/// Makes a standby the primary after the old one was lost. @return its timeline
/// @throws error  server_running, timed_out, identity; the journal then tells what was done, for the next run
inline timeline boot(node const& standby, node const& old, any_machine const& at, std::vector<std::string> const& fence,
                     std::chrono::seconds limit, failover_hooks const& hooks, journal& log) {
    auto db = session_with(standby, std::chrono::seconds{60});
    // Whatever an earlier run has found out: until the standby is promoted the old primary may have come back.
    bool const still_standby = sql::in_recovery(db);
    if (still_standby) {
        hooks.say("look whether " + old.name + " writes no more");
        require_fenced(old, at, fence, limit, hooks.say);
    }
    log.step("give up", [&] {
        db.statement_timeout(std::chrono::minutes{30});
        auto const tli = sql::replayed_timeline(db);
        log.note("timeline", to_string(tli));
        hooks.say("give up timeline " + to_string(tli));
        hooks.give_up(tli, sql::read_replay_state(db).replayed);
    });
    auto const replay_all = [&] { replay_to_end(db, limit, hooks, log); };
    if (!log.done("drain")) log.step("drain", replay_all);
    else if (still_standby) replay_all();
    return finish_promotion(db, limit, hooks, log);
}

/// Stops the primary in order, and proves that the standby has received all it wrote, up to the record of its shutdown.
/// Where it has not, the primary is started again. @throws error  timed_out
inline void hand_over(node const& old, any_machine const& at, pgq::libpq::connection& standby,
                      std::chrono::seconds limit) {
    at.act(machine_step::stop, limit);
    auto const ended = at.look(look_limit).control;
    auto const received = [&] { return sql::read_replay_state(standby).replayed > ended.checkpoint; };
    std::string why;
    if (ended.state != cluster_state::shut_down) why = old.name + " did not end in order";
    else if (!holds_within(limit, received))
        why = "the standby has replayed up to " + to_string(sql::read_replay_state(standby).replayed) + ", and " +
              old.name + " ended at " + to_string(ended.checkpoint);
    if (why.empty()) return;
    at.act(machine_step::start, limit);
    throw error{fault::timed_out, why + "; it was started again, and nothing has changed"};
}

/// Lets a standby and its primary change their roles. @return the new timeline
inline timeline switch_over(node const& standby, node const& old, any_machine const& at, std::chrono::seconds limit,
                            failover_hooks const& hooks, journal& log) {
    auto db = session_with(standby, std::chrono::seconds{60});
    auto const noted = [&] { return detail::noted_timeline(log, "timeline"); };
    // An earlier run may have been killed when the primary was down already.
    auto const prepare = [&] {
        if (role_of(old) != role::primary) return log.noted("timeline") ? noted() : sql::replayed_timeline(db);
        auto primary = session_with(old, std::chrono::minutes{30});
        auto const tli = sql::current_timeline(primary);
        hooks.say("checkpoint");
        sql::checkpoint(primary);
        hooks.ready(tli, log);
        return tli;
    };
    auto const take_over = [&](timeline tli) {
        log.note("timeline", to_string(tli));
        hooks.say("stop " + shown(old));
        hand_over(old, at, db, limit);
    };
    if (!log.done("hand over")) {
        auto const tli = prepare();
        log.step("hand over", [&] { take_over(tli); });
    }
    // Since then somebody may have started the primary again, and it may have written more.
    else if (sql::in_recovery(db) && at.look(look_limit).sign)
        take_over(prepare());
    auto const now = finish_promotion(db, limit, hooks, log);
    hooks.say("let " + shown(old) + " follow");
    make_standby(old, at, standby, now, limit, log);
    return now;
}

/// Makes an old primary a standby of the new one: as it is, or by pg_rewind. @return how
inline way_back rejoin(node const& old, any_machine const& at, node const& primary, std::chrono::seconds limit,
                       failover_hooks const& hooks, journal& log) {
    auto db = session_with(primary, std::chrono::seconds{60});
    auto const now = sql::current_timeline(db);
    auto const decide = [&] {
        auto const ended = at.look(look_limit).control;
        bool const follows = way_back_of(ended, now, past_of(db, now)) == way_back::follow;
        log.note("way", follows ? "follow" : "rewind");
    };
    if (!log.done("decide")) log.step("decide", decide);
    // It may have run, and written, since an earlier run has decided.
    else if (!log.begun("prepare") && !log.begun("make standby")) decide();
    auto const way = log.noted("way") == "rewind" ? way_back::rewind : way_back::follow;
    if (way == way_back::rewind && !log.begun("start standby")) {
        hooks.say("rewind " + shown(old));
        // pg_rewind looks for what the old primary has removed where the server's own settings say.
        log.step("prepare", [&] { at.act(machine_step::prepare, limit); });
        rewind_node(old, at, limit, log);
    }
    hooks.say("let " + shown(old) + " follow on timeline " + to_string(now));
    make_standby(old, at, primary, now, limit, log);
    if (way == way_back::rewind) at.act(machine_step::forget, limit);
    return way;
}

}  // namespace walmgr
