#include "../command.hpp"
#include "../machines.hpp"
#include "../open_repository.hpp"
#include "../parts.hpp"
#include "../result.hpp"

#include <pgq/libpq/connection.hpp>

#include <walmgr/archiving.hpp>
#include <walmgr/discarded.hpp>
#include <walmgr/server.hpp>
#include <walmgr/sql/archiver.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace walmgr_app {
namespace command_setup {
namespace {

using namespace std::chrono_literals;

struct options {
    bool dry_run = false;
    bool replace = false;
    bool restart = false;
    bool discard = false;
};

pgq::libpq::connection session_with(std::string const& conninfo) {
    return pgq::libpq::connection{conninfo, {.connect_timeout = 30s, .statement_timeout = 30s}};
}

walmgr::cluster checked_cluster(config const& settings, walmgr::any_store const& where, pgq::transport auto& db) {
    auto const of = known_cluster(settings, where);
    auto const running = walmgr::identify_cluster(db, settings.cluster);
    if (running.system_id != of.system_id)
        throw walmgr::error{walmgr::fault::identity, "the primary is a server with system id " +
                                                         std::to_string(running.system_id) +
                                                         ", and the repository keeps " + std::to_string(of.system_id) +
                                                         " under the name " + of.name};
    return of;
}

void show(std::vector<walmgr::setting_change> const& plan, bool dry_run) {
    for (auto const& change : plan) {
        result().change("set", change.name, {{"before", change.before}, {"after", change.after}});
        std::cout << (dry_run ? "would set " : "set ") << change.name << " = '" << change.after << "' (was '"
                  << change.before << "')\n";
    }
    if (plan.empty()) std::cout << "nothing to change\n";
}

/// Restarts the primary by the command of the configuration, which is the master's and run here, or else where it
/// lives.
void restart(config const& settings, walmgr::node const& primary) {
    auto const& command = settings.nodes.restart_command;
    if (!command.empty() && &primary == &settings.nodes.master) {
        walmgr::run_checked(command);
    } else if (primary.machine.host.empty()) {
        require_startable(primary);
        walmgr::stop_node(primary, 300s);
        walmgr::start_node(primary, 300s);
    } else {
        auto const at = machine_of(settings, primary);
        walmgr::require_startable_there(primary, at.look(walmgr::look_limit));
        at.act(walmgr::machine_step::stop, 300s);
        at.act(walmgr::machine_step::start, 300s);
    }
    auto const answers = [&] {
        try {
            session_with(primary.db);
            return true;
        } catch (pgq::connection_error const&) { return false; }
    };
    walmgr::wait_until(60s, answers, [] { return "the restarted server does not answer; look into its log"; });
}

/// Names with commas between, as a list.
void tell_waiting(std::string const& names) {
    std::vector<std::string> all;
    for (std::size_t from = 0; from < names.size();) {
        auto const to = std::min(names.find(", ", from), names.size());
        all.push_back(names.substr(from, to - from));
        from = to + 2;
    }
    result().set("pending_restart", apps::json::list(all));
}

int setup(config const& settings, options const& given) {
    result().has({"pending_restart", "restarted"});
    auto const where = open_repository(settings);
    auto const& primary = primary_of(settings.nodes);
    auto db = session_with(primary.db);
    checked_cluster(settings, where, db);
    auto const plan = walmgr::plan_archiving(db, archive_command_at(settings, primary), given.replace);
    show(plan, given.dry_run);
    if (given.dry_run) return 0;
    auto const waiting = walmgr::apply_settings(db, plan);
    tell_waiting(waiting);
    result().set("restarted", false);
    if (waiting.empty()) return 0;
    bool const by_command = !settings.nodes.restart_command.empty() && &primary == &settings.nodes.master;
    if (!given.restart && !by_command) {
        std::cout << "in force after a restart of the server: " << waiting << '\n';
        return 0;
    }
    db.close();
    result().change("restart", key_of(primary));
    restart(settings, primary);
    result().set("restarted", true);
    auto again = session_with(primary.db);
    auto const still = walmgr::sql::waiting_for_restart(again);
    tell_waiting(still);
    if (!still.empty())
        throw walmgr::error{walmgr::fault::unavailable,
                            "the server was restarted, and still waits for a restart with " + still};
    std::cout << "restarted the server\n";
    return 0;
}

int stop(config const& settings, options const& given) {
    auto& told = result();
    told.has({"waiting", "discarded_from"});
    auto const where = open_repository(settings);
    auto const& primary = primary_of(settings.nodes);
    auto db = session_with(primary.db);
    checked_cluster(settings, where, db);
    auto const before = walmgr::archive_command_of(db);
    if (!walmgr::archives_nothing(before) && !archives_here(settings, primary, before) && !given.replace)
        throw walmgr::error{walmgr::fault::negative,
                            "the server archives elsewhere, by \"" + before + "\"; give --replace to stop that"};
    std::string const after = given.discard ? "/bin/true" : "";
    std::vector<walmgr::setting_change> plan;
    if (before != after) plan.push_back({"archive_command", before, after});
    bool const discards = given.discard && !plan.empty();
    auto const first = discards ? walmgr::sql::current_wal_file(db) : std::string{};
    if (discards) {
        told.change("record", "discarded log", {{"first", first}});
        told.set("discarded_from", first);
    }
    show(plan, given.dry_run);
    if (given.dry_run) {
        told.set("waiting", walmgr::sql::archive_backlog(db));
        return 0;
    }
    // The record comes first: whoever is killed in between has recorded too much, not too little.
    if (discards) {
        auto all = open_repositories(settings);
        warn_of(in_each(all, [&](walmgr::repository const& in) { record_discarding(in.where, in.of, first); }));
        std::cout << "recorded: " << first
                  << " and what follows may never be archived; after the next setup take a new "
                  << "base backup\n";
    }
    walmgr::apply_settings(db, plan);
    auto const backlog = walmgr::sql::archive_backlog(db);
    told.set("waiting", backlog);
    if (given.discard) std::cout << "the log that waits is thrown away by the server: " << backlog << " files\n";
    else
        std::cout << "the server keeps its log until it archives again, " << backlog
                  << " files so far; watch its disk\n";
    return 0;
}

}  // namespace
}  // namespace command_setup

void add_setup(apps::command& program, request& wanted) {
    using namespace command_setup;
    auto command = program.add_command("setup", "let the primary archive here");
    auto const given = std::make_shared<options>();
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be changed, and change nothing");
    command.add_flag("--replace", given->replace, "even where it archives elsewhere now");
    command.add_flag("--restart", given->restart, "restart the server where a setting needs it");
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return setup(read_config(wanted.file), *given); }; });
}

void add_stop(apps::command& program, request& wanted) {
    using namespace command_setup;
    auto command = program.add_command("stop", "let the primary archive no more");
    auto const given = std::make_shared<options>();
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be changed, and change nothing");
    command.add_flag("--replace", given->replace, "even where it archives elsewhere");
    command.add_flag("--discard-wal", given->discard, "let the server throw its log away, and record that");
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return stop(read_config(wanted.file), *given); }; });
}

}  // namespace walmgr_app
