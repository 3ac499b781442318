#include "../command.hpp"
#include "../every_repository.hpp"
#include "../failover_hooks.hpp"
#include "../journalled.hpp"
#include "../machines.hpp"
#include "../ready_repositories.hpp"
#include "../role_facts.hpp"
#include "../this_program.hpp"
#include "../undo.hpp"

#include <walmgr/failover/steps.hpp>
#include <walmgr/failover/switchable.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace walmgr_app {
namespace command_failover {
namespace {

using walmgr::error;
using walmgr::fault;
using walmgr::node;
using walmgr::role;

struct options {
    bool dry_run = false;
    bool undo = false;
    bool without_receivers = false;
    bool take_over = false;
    int limit = 300;
    std::uint64_t lag = 16U << 20U;
};

/// The parts as an earlier run has noted them, or as they are now.
parts parts_of(config const& settings, walmgr::journal& log, std::string const& wanted, auto&& fits) {
    auto const& nodes = settings.nodes;
    if (auto const name = log.noted("node")) {
        auto const& subject = *name == nodes.master.name ? nodes.master : nodes.slave;
        return {&subject, &other_of(nodes, subject)};
    }
    auto const found = find_parts(nodes, wanted, fits);
    log.note("node", found.subject->name);
    return found;
}

/// Where the old primary may still live. It is not waited for as long as a repository is.
walmgr::any_machine machine_of_lost(config const& settings, node const& old) {
    return machine_of(settings, old, 0, std::chrono::seconds{10});
}

/// What would be lost, by the timeline that the standby has noted: to know a later one it would have to write.
/// @throws walmgr::error  gap
void tell_way_of_boot(config const& settings, node const& standby) {
    auto db = walmgr::session_with(standby, std::chrono::seconds{60});
    auto const log = ended_log_of(settings, walmgr::sql::current_timeline(db));
    require_way(db, log);
    if (auto const lost = lost_behind(log, walmgr::sql::read_replay_state(db).replayed); !lost.empty()) warn(lost);
}

int boot(config const& settings, options const& given) {
    tell_nobody();
    if (given.undo) return undo_boot(settings, given.dry_run);
    std::chrono::seconds const limit{given.limit};
    auto const& fence = settings.nodes.fence_command;
    auto const is_standby = [](role is, node const&) { return is == role::standby; };
    std::string const wanted = "standby that answers";
    auto const require_fenced = [&](parts const& found) {
        walmgr::require_fenced(*found.other, machine_of_lost(settings, *found.other), {}, limit,
                               [](std::string const& what) { std::cout << what << std::endl; });
    };
    // Before anything is given up: all are needed to come to an end.
    every_repository(settings);
    if (given.dry_run) {
        auto const found = find_parts(settings.nodes, wanted, is_standby);
        check_identity(settings, *found.subject);
        if (fence.empty()) require_fenced(found);
        else std::cout << "would run " << fence.front() << ", and go on when it ends with 0\n";
        std::cout << "would make " << found.subject->name << " the primary in the place of " << found.other->name
                  << '\n';
        tell_changes(changes_of_boot(*found.subject, *found.other, !fence.empty()));
        tell_way_of_boot(settings, *found.subject);
        warn_unless_archiving(settings, *found.subject, "then");
        return 0;
    }
    // One that cannot go on, since the old primary's machine was lost in the middle of it.
    give_way(settings, "switchover", [&](walmgr::journal const& log) {
        auto const found = find_parts(settings.nodes, wanted, is_standby);
        if (fence.empty()) require_fenced(found);
        // Unless it may be promoting still. This command claims the same anew.
        if (!log.begun("promote")) give_claim_back(settings, walmgr::detail::noted_timeline(log, "timeline"), log);
        return true;
    });
    return with_journal(settings, "boot", "give up", [&](walmgr::journal& log) {
        auto const found = parts_of(settings, log, wanted, is_standby);
        check_identity(settings, *found.subject);
        auto const changes = changes_of_boot(*found.subject, *found.other, !fence.empty());
        auto const now = telling_changes(log, changes, [&] {
            return walmgr::boot(*found.subject, *found.other, machine_of_lost(settings, *found.other), fence, limit,
                                hooks_of_boot(settings, *found.subject, given.without_receivers, given.take_over), log);
        });
        std::cout << found.subject->name << " is the primary, on timeline " << walmgr::to_string(now)
                  << "; take a new base backup soon\n";
        tell_primary(*found.subject, nullptr);
        warn_unless_archiving(settings, *found.subject, "from now on");
    });
}

int switchover(config const& settings, options const& given) {
    tell_nobody();
    if (given.undo) return undo_switchover(settings, given.dry_run, std::chrono::seconds{given.limit});
    std::chrono::seconds const limit{given.limit};
    auto const fits = [](role is, node const& other) {
        return is == role::standby && walmgr::role_of(other) == role::primary;
    };
    auto const ready = [&](parts const& found, walmgr::journal const* log) {
        auto const system_id = check_identity(settings, *found.subject);
        auto primary = walmgr::session_with(*found.other, limit);
        auto standby = walmgr::session_with(*found.subject, limit);
        walmgr::require_switchable(primary, standby, given.lag);
        require_ready_repositories(settings, walmgr::sql::current_timeline(primary), log, given.take_over, true);
        walmgr::require_primary_there(*found.other, machine_of(settings, *found.other, system_id), system_id);
        return system_id;
    };
    if (given.dry_run) {
        auto const found = find_parts(settings.nodes, "standby with a primary", fits);
        ready(found, nullptr);
        tell_changes(changes_of_switchover(*found.subject, *found.other));
        std::cout << "would make " << found.subject->name << " the primary and " << found.other->name
                  << " its standby\n";
        return 0;
    }
    return with_journal(settings, "switchover", "hand over", [&](walmgr::journal& log) {
        auto const found = parts_of(settings, log, "standby with a primary", fits);
        if (!log.begun("hand over")) log.note("system", std::to_string(ready(found, &log)));
        auto const at = machine_of(settings, *found.other, noted_system(log));
        try {
            telling_changes(log, changes_of_switchover(*found.subject, *found.other), [&] {
                return walmgr::switch_over(*found.subject, *found.other, at, limit,
                                           hooks_of(settings, given.without_receivers, given.take_over), log);
            });
        } catch (walmgr::step_interrupted const&) {
            throw;  // what was begun there may be under way still
        } catch (error const& problem) {
            if (problem.kind() == fault::locked || !log.begun("hand over") || log.begun("promote")) throw;
            // Nothing was promoted. While the old primary runs there is nothing to go on with.
            auto const is = walmgr::role_of(*found.other);
            if (is != role::primary)
                throw error{problem.kind(), std::string{problem.what()} + "; " + found.other->name + ' ' +
                                                to_string(is) +
                                                ": mend that and give switchover again, or let "
                                                "switchover --undo start it"};
            give_claim_back(settings, walmgr::detail::noted_timeline(log, "timeline"), log);
            log.finish();
            throw;
        }
        std::cout << found.subject->name << " is the primary, " << found.other->name << " follows\n";
        tell_primary(*found.subject, found.other);
        warn_unless_archiving(settings, *found.subject, "from now on");
    });
}

int rejoin(config const& settings, options const& given) {
    tell_nobody();
    std::chrono::seconds const limit{given.limit};
    auto const fits = [](role is, node const& other) {
        return is == role::silent && !other.db.empty() && walmgr::role_of(other) == role::primary;
    };
    auto const ready = [&](parts const& found, bool begun) {
        auto db = walmgr::session_with(*found.other, std::chrono::seconds{30});
        auto const is = walmgr::identify_cluster(db, settings.cluster);
        auto const state = machine_of(settings, *found.subject, is.system_id).look(walmgr::look_limit);
        walmgr::require_system(*found.subject, state, is.system_id);
        if (state.sign)
            throw error{fault::server_running, shown(*found.subject) + " runs: " + *state.sign + "; stop it first"};
        if (!begun) walmgr::require_startable_there(*found.subject, state);
        auto const now = walmgr::sql::current_timeline(db);
        return std::pair{is.system_id, walmgr::way_back_of(state.control, now, walmgr::past_of(db, now))};
    };
    std::string const wanted = "stopped server beside a primary";
    if (given.dry_run) {
        auto const found = find_parts(settings.nodes, wanted, fits);
        auto const way = ready(found, false).second;
        tell_way(way);
        tell_changes(changes_of_rejoin(*found.subject, way == walmgr::way_back::rewind));
        tell_primary(*found.other, found.subject);
        std::cout << "would " << (way == walmgr::way_back::follow ? "" : "rewind and ") << "start "
                  << found.subject->name << " as a standby of " << found.other->name << '\n';
        return 0;
    }
    // Of which nothing is left but this, perhaps after the old primary's machine was away.
    give_way(settings, "switchover", [&](walmgr::journal const& log) {
        if (log.done("history")) ready(find_parts(settings.nodes, wanted, fits), false);
        return log.done("history");
    });
    return with_journal(settings, "rejoin", "decide", [&](walmgr::journal& log) {
        auto const found = parts_of(settings, log, wanted, fits);
        if (!log.begun("start standby")) log.note("system", std::to_string(ready(found, log.begun("decide")).first));
        auto const way = telling_changes(log, changes_of_rejoin(*found.subject, true), [&] {
            return walmgr::rejoin(*found.subject, machine_of(settings, *found.subject, noted_system(log)), *found.other,
                                  limit, hooks_of(settings, given.without_receivers, given.take_over), log);
        });
        tell_way(way);
        tell_primary(*found.other, found.subject);
        std::cout << found.subject->name << " follows " << found.other->name
                  << (way == walmgr::way_back::rewind ? ", rewound\n" : "\n");
    });
}

apps::command add(apps::command& program, request& wanted, std::string const& name, std::string const& help,
                  std::shared_ptr<options> const& given, std::function<int(config const&, options const&)> const& run) {
    auto command = program.add_command(name, help);
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be done, and do nothing");
    command.add_option("--timeout", given->limit, "seconds that each wait may take (300)").between(1, 86400);
    command.when_given([&wanted, given, run] {
        wanted.run = [&wanted, given, run] { return run(read_config(wanted.file), *given); };
    });
    return command;
}

}  // namespace
}  // namespace command_failover

void add_failover(apps::command& program, request& wanted) {
    using namespace command_failover;
    auto const given = std::make_shared<options>();
    auto promote =
        add(program, wanted, "boot", "make the standby the primary, after the primary was lost", given, boot);
    promote.alias("promote");
    auto back = promote.add_flag("--undo", given->undo,
                                 "take back that a timeline was given up, as long as nothing was promoted");
    promote.add_flag("--without-receivers", given->without_receivers,
                     "go on though a receiver has not put what it has into the repository");
    auto change = add(program, wanted, "switchover", "let primary and standby change their roles", given, switchover);
    std::string const take_over = "go on though somebody else has begun to promote, who never will";
    promote.add_flag("--take-over", given->take_over, take_over).excludes(back);
    auto start = change.add_flag("--undo", given->undo, "start the old primary again, as long as nothing was promoted");
    change.add_flag("--take-over", given->take_over, take_over).excludes(start);
    change.add_option("--max-lag", given->lag, "bytes that the standby may be behind (16777216)");
    add(program, wanted, "rejoin", "make a stopped old primary a standby of the new one", given, rejoin);
}

}  // namespace walmgr_app
