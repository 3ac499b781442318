#include "../command.hpp"
#include "../handed_over.hpp"
#include "../journalled.hpp"
#include "../this_program.hpp"
#include "../undo.hpp"

#include <walmgr/archive.hpp>
#include <walmgr/archiving.hpp>
#include <walmgr/failover/steps.hpp>
#include <walmgr/intent.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

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

void keep_history(config const& settings, walmgr::timeline tli, std::string const& text) {
    auto const name = walmgr::history_name(tli);
    auto const path = settings.nodes.state_dir + '/' + settings.cluster + '-' + name;
    walmgr::replace_text_file(path, text);
    auto const repositories = open_repositories(settings);
    auto const store_in = [&](std::string const& location) {
        auto const where = open_location(settings, location);
        auto const of = known_cluster(settings, where);
        std::visit([&](auto const& way) { walmgr::archive_file(where, of, way, path, name); }, settings.pack);
        return 0;
    };
    auto const status = in_each_repository(settings, store_in);
    ::unlink(path.c_str());
    if (status != 0)
        throw error{fault::unavailable,
                    "the history of the new timeline could not be stored; mend that and run the same "
                    "command again"};
}

walmgr::failover_hooks hooks_of(config const& settings, options const& given) {
    return {
        .ranges =
            [&settings] {
                auto const where = open_repository(settings);
                return walmgr::archived_ranges(where, known_cluster(settings, where));
            },
        .give_up =
            [&settings](walmgr::timeline tli, walmgr::lsn at) {
                auto const record = [&](std::string const& location) {
                    auto const where = open_location(settings, location);
                    walmgr::record_intent(where, known_cluster(settings, where), {tli, at});
                    return 0;
                };
                if (in_each_repository(settings, record) != 0)
                    throw error{fault::unavailable, "not every repository could be told that the timeline is given up"};
            },
        .missing =
            [&settings, &given](walmgr::timeline tli) {
                return given.without_receivers ? std::string{} : missing_hand_over(settings, tli);
            },
        .unreplayed =
            [&settings, &given](walmgr::timeline tli, walmgr::lsn replayed) {
                return given.without_receivers ? std::string{} : left_to_replay(settings, tli, replayed);
            },
        .keep_history = [&settings](walmgr::timeline tli,
                                    std::string const& text) { keep_history(settings, tli, text); },
        .say = [](std::string const& what) { std::cout << what << std::endl; }};
}

/// For everybody to see: a primary that archives nothing, unless a receiver keeps its log. Never in the way.
void warn_unless_archiving(config const& settings, node const& primary, std::string const& from_when) {
    try {
        auto db = walmgr::session_with(primary, std::chrono::seconds{30});
        auto const why = walmgr::why_not_archiving(db);
        if (!why) return;
        auto const text = "ATTENTION: " + primary.name + " archives nothing " + from_when + ": " + *why;
        std::cout << text << std::endl;
        say(text + "; set archive_mode = on and archive_command = '" + command_of_server(settings, "xarchive %p %f") +
            "' there, restart it, and take a new base backup" +
            (settings.receive.partial_wals.empty() ? "" : "; until then only receive, where it runs, keeps its log"));
    } catch (pgq::error const& problem) {
        say("whether " + primary.name + " archives could not be asked: " + problem.what());
    }
}

int boot(config const& settings, options const& given) {
    if (given.undo) return undo_boot(settings, given.dry_run);
    auto const is_standby = [](role is, node const&) { return is == role::standby; };
    if (given.dry_run) {
        auto const found = find_parts(settings.nodes, "standby that answers", is_standby);
        check_identity(settings, *found.subject);
        auto const& fence = settings.nodes.fence_command;
        if (fence.empty()) walmgr::require_fenced(*found.other, {}, std::chrono::seconds{given.limit});
        else std::cout << "would run " << fence.front() << ", and go on when it ends with 0\n";
        std::cout << "would make " << found.subject->name << " the primary in the place of " << found.other->name
                  << '\n';
        warn_unless_archiving(settings, *found.subject, "then");
        return 0;
    }
    return with_journal(settings, "boot", "give up", [&](walmgr::journal& log) {
        auto const found = parts_of(settings, log, "standby that answers", is_standby);
        check_identity(settings, *found.subject);
        auto const now = walmgr::boot(*found.subject, *found.other, settings.nodes.fence_command,
                                      std::chrono::seconds{given.limit}, hooks_of(settings, given), log);
        std::cout << found.subject->name << " is the primary, on timeline " << walmgr::to_string(now)
                  << "; take a new base backup soon\n";
        warn_unless_archiving(settings, *found.subject, "from now on");
    });
}

int switchover(config const& settings, options const& given) {
    if (given.undo) return undo_switchover(settings, given.dry_run, std::chrono::seconds{given.limit});
    std::chrono::seconds const limit{given.limit};
    auto const fits = [](role is, node const& other) {
        return is == role::standby && walmgr::role_of(other) == role::primary;
    };
    auto const ready = [&](parts const& found) {
        check_identity(settings, *found.subject);
        auto primary = walmgr::session_with(*found.other, limit);
        auto standby = walmgr::session_with(*found.subject, limit);
        walmgr::require_switchable(primary, standby, given.lag);
        walmgr::read_control_data(found.other->programs, data_of(*found.other));
        require_startable(*found.other);
    };
    if (given.dry_run) {
        auto const found = find_parts(settings.nodes, "standby with a primary", fits);
        ready(found);
        std::cout << "would make " << found.subject->name << " the primary and " << found.other->name
                  << " its standby\n";
        return 0;
    }
    return with_journal(settings, "switchover", "hand over", [&](walmgr::journal& log) {
        auto const found = parts_of(settings, log, "standby with a primary", fits);
        if (!log.begun("hand over")) ready(found);
        try {
            walmgr::switch_over(*found.subject, *found.other, command_of_server(settings, "xrestore %f %p"), limit,
                                hooks_of(settings, given), log);
        } catch (error const&) {
            // Nothing was promoted and the old primary runs: there is nothing to go on with.
            if (!log.begun("promote") && walmgr::role_of(*found.other) == role::primary) log.finish();
            throw;
        }
        std::cout << found.subject->name << " is the primary, " << found.other->name << " follows\n";
        warn_unless_archiving(settings, *found.subject, "from now on");
    });
}

int rejoin(config const& settings, options const& given) {
    auto const fits = [](role is, node const& other) {
        return is == role::silent && !other.db.empty() && walmgr::role_of(other) == role::primary;
    };
    auto const ready = [&](parts const& found, bool begun) {
        if (auto const sign = walmgr::sign_of_server(*found.subject))
            throw error{fault::server_running, found.subject->name + " runs: " + *sign + "; stop it first"};
        if (!begun) require_startable(*found.subject);
        auto const ended = walmgr::read_control_data(found.subject->programs, data_of(*found.subject));
        auto db = walmgr::session_with(*found.other, std::chrono::seconds{30});
        if (auto const is = walmgr::identify_cluster(db, settings.cluster); is.system_id != ended.system_id)
            throw error{fault::identity, found.subject->data + " has system id " + std::to_string(ended.system_id) +
                                             ", and the primary " + std::to_string(is.system_id)};
    };
    std::string const wanted = "stopped server beside a primary";
    if (given.dry_run) {
        auto const found = find_parts(settings.nodes, wanted, fits);
        ready(found, false);
        auto db = walmgr::session_with(*found.other, std::chrono::seconds{30});
        auto const now = walmgr::sql::current_timeline(db);
        auto const way = walmgr::way_back_of(walmgr::read_control_data(found.subject->programs, found.subject->data),
                                             now, walmgr::past_of(db, now));
        std::cout << "would " << (way == walmgr::way_back::follow ? "" : "rewind and ") << "start "
                  << found.subject->name << " as a standby of " << found.other->name << '\n';
        return 0;
    }
    return with_journal(settings, "rejoin", "decide", [&](walmgr::journal& log) {
        auto const found = parts_of(settings, log, wanted, fits);
        if (!log.begun("start standby")) ready(found, log.noted("config").has_value());
        auto const way = walmgr::rejoin(*found.subject, *found.other, command_of_server(settings, "xrestore %f %p"),
                                        settings.nodes.state_dir + '/' + settings.cluster + "-kept-",
                                        std::chrono::seconds{given.limit}, hooks_of(settings, given), log);
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
    promote.add_flag("--undo", given->undo, "take back that a timeline was given up, as long as nothing was promoted");
    promote.add_flag("--without-receivers", given->without_receivers,
                     "go on though a receiver has not put what it has into the repository");
    auto change = add(program, wanted, "switchover", "let primary and standby change their roles", given, switchover);
    change.add_flag("--undo", given->undo, "start the old primary again, as long as nothing was promoted");
    change.add_option("--max-lag", given->lag, "bytes that the standby may be behind (16777216)");
    add(program, wanted, "rejoin", "make a stopped old primary a standby of the new one", given, rejoin);
}

}  // namespace walmgr_app
