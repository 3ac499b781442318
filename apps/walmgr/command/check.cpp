#include "../command.hpp"
#include "../machines.hpp"
#include "../open_repository.hpp"
#include "../outside_config.hpp"
#include "../parts.hpp"
#include "../room.hpp"
#include "../under_pressure.hpp"

#include <common/json.hpp>
#include <pgq/libpq/connection.hpp>

#include <unistd.h>
#include <walmgr/backup/list.hpp>
#include <walmgr/probe.hpp>
#include <walmgr/probe_histories.hpp>
#include <walmgr/probe_repository.hpp>
#include <walmgr/server.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace walmgr_app {
namespace command_check {
namespace {

using namespace std::chrono_literals;
using walmgr::role;
using walmgr::verdict;

struct options {
    bool json = false;
    walmgr::probe_limits limits{};
    int backup_hours = 7 * 24;
};

std::string_view word_of(verdict is) {
    return is == verdict::fine ? "ok" : is == verdict::note ? "note" : "wrong";
}

/// Where two servers are known: whether one is the primary, and the other its standby.
void ask_roles(walmgr::probe_list& to, servers const& nodes) {
    if (!are_two(nodes)) return;
    to.ask("roles", [&] {
        auto const master = role_of(nodes.master);
        auto const slave = role_of(nodes.slave);
        auto const is = [&](role one, role other) { return master == one && slave == other; };
        bool const two = is(role::primary, role::primary);
        bool const fine = is(role::primary, role::standby) || is(role::standby, role::primary);
        to.add("roles",
               two    ? verdict::wrong
               : fine ? verdict::fine
                      : verdict::note,
               "the master " + to_string(master) + ", the slave " + to_string(slave) +
                   (two ? "; stop the one that was given up, and run: walmgr CONFIG rejoin" : ""));
    });
}

/// Whether a backup would have the configuration files that are not in the data folder.
void ask_config(walmgr::probe_list& to, config const& settings) {
    backed_up_server const of{settings, {}};
    auto const found = find_outside_config(settings, of.node(), nullptr, {});
    auto const missing = missing_config_text(found, of.node(), {});
    if (!missing.empty())
        return to.add("configuration", verdict::note,
                      (found.places.data.empty() ? "backups have what is in the data folder, and what else there is "
                                                   "is not known: "
                                                 : "no backup would have: ") +
                          missing);
    auto const files = found.files.size();
    to.add("configuration", verdict::fine,
           files == 0 ? "in the data folder"
                      : std::to_string(files) + " files outside of the data folder are backed up");
}

void ask_server(walmgr::probe_list& to, config const& settings, options const& given,
                std::optional<walmgr::cluster> const& known) {
    to.ask("server", [&] {
        auto const& primary = primary_of(settings.nodes);
        pgq::libpq::connection db{primary.db, {.connect_timeout = 10s, .statement_timeout = 30s}};
        bool const standby = walmgr::sql::in_recovery(db);
        to.add("server", standby ? verdict::wrong : verdict::fine,
               "version " + walmgr::sql::shown_setting(db, "server_version") +
                   (standby ? ", a standby; let master_db or slave_db name the primary" : ""));
        to.ask("identity", [&] {
            auto const running = walmgr::identify_cluster(db, settings.cluster);
            bool const same = known && running.system_id == known->system_id && running.size == known->size;
            to.add("identity", same ? verdict::fine : verdict::wrong,
                   "system id " + std::to_string(running.system_id) +
                       (same ? "" : ", and the repository does not keep that one as " + settings.cluster));
        });
        walmgr::probe_archiving(to, db, given.limits,
                                [&](std::string const& command) { return archives_here(settings, primary, command); });
        walmgr::probe_settings(to, db);
        walmgr::probe_replication(to, db);
        walmgr::probe_clock(to, db, given.limits);
        to.ask("configuration", [&] { ask_config(to, settings); });
    });
}

/// Where backups are to be of a standby: whether there is one.
void ask_backup_from(walmgr::probe_list& to, config const& settings) {
    if (settings.backup.of == backup_of::primary) return;
    to.ask("backup_from", [&] {
        std::string found;
        auto const* const standby = find_standby(settings.nodes, found);
        auto const without = settings.backup.of == backup_of::standby ? verdict::wrong : verdict::note;
        to.add("backup_from", standby != nullptr ? verdict::fine : without,
               standby != nullptr ? standby->name + " answers as a standby" : "there is no standby: " + found);
    });
}

/// The rule for a disk that fills, as far as this machine and this user can tell.
void ask_pressure(walmgr::probe_list& to, config const& settings) {
    auto const dropped = dropped_log_of(settings);
    to.ask("dropped", [&] {
        auto const count = dropped.names().size();
        if (count > 0)
            to.add("dropped", verdict::wrong,
                   std::to_string(count) +
                       " segments, of which the repository does not know yet; see: walmgr CONFIG gap list");
    });
    if (settings.pressure.action == walmgr::on_pressure::block) return;
    to.ask("pressure", [&] {
        if (settings.pressure.action == walmgr::on_pressure::drop && !dropped.is_writable())
            to.add("pressure", verdict::wrong,
                   "this user cannot make a file in " + dropped.folder() + "; see state_dir");
        auto const& data = primary_of(settings.nodes).data;
        auto const folder = data + "/pg_wal";
        if (data.empty() || ::access(folder.c_str(), X_OK) != 0) return;
        auto const found = measure_pressure(settings.pressure, folder, dropped.removable(folder));
        to.add("pressure", found.holds ? verdict::wrong : verdict::fine, to_string(found));
    });
}

void show(walmgr::probe_list const& found, bool json) {
    if (!json) {
        for (auto const& one : found.all())
            std::cout << word_of(one.is) << ": " << one.name << ": " << one.says << '\n';
        return;
    }
    std::string probes;
    for (auto const& one : found.all())
        probes += (probes.empty() ? "" : ", ") + ("{\"name\": " + apps::json_string(one.name)) +
                  ", \"verdict\": " + apps::json_string(word_of(one.is)) +
                  ", \"says\": " + apps::json_string(one.says) + '}';
    std::cout << "{\"fine\": " << (found.fine() ? "true" : "false") << ", \"probes\": [" << probes << "]}\n";
}

/// Each of them, and the backups of all. @return the cluster, where one of them knows it
std::optional<walmgr::cluster> ask_repositories(walmgr::probe_list& to, config const& settings, options const& given) {
    std::optional<walmgr::cluster> known;
    walmgr::backup_list backups;
    for (auto const& location : settings.walmgr_data) {
        walmgr::probe_list found;
        found.ask("repository", [&] {
            auto const where = open_location(settings, location);
            auto const of = known_cluster(settings, where);
            if (!known) known = of;
            walmgr::probe_store(found, where, of);
            walmgr::probe_histories(found, where, of);
            auto own = list_backups(where, of);
            std::erase_if(own.sealed, [&](auto const& one) { return one.history != of.history; });
            probe_room(found, location, of, own);
            std::move(own.sealed.begin(), own.sealed.end(), std::back_inserter(backups.sealed));
            std::move(own.damaged.begin(), own.damaged.end(), std::back_inserter(backups.damaged));
        });
        for (auto const& one : found.all())
            to.add(one.name, one.is, settings.walmgr_data.size() > 1 ? location + ": " + one.says : one.says);
    }
    if (known) walmgr::probe_backups(to, backups, given.limits);
    return known;
}

int check(config const& settings, options given) {
    given.limits.backup_age = std::chrono::hours{given.backup_hours};
    walmgr::probe_list found;
    auto const known = ask_repositories(found, settings, given);
    ask_server(found, settings, given, known);
    ask_roles(found, settings.nodes);
    ask_backup_from(found, settings);
    ask_pressure(found, settings);
    show(found, given.json);
    return found.fine() ? 0 : static_cast<int>(walmgr::fault::negative);
}

}  // namespace
}  // namespace command_check

void add_check(apps::command& program, request& wanted) {
    using namespace command_check;
    auto command = program.add_command("check", "look whether server and repository are as they should be");
    auto const given = std::make_shared<options>();
    command.add_flag("--json", given->json, "for programs");
    command.add_option("--max-backlog", given->limits.backlog, "so many files may wait to be archived (16)")
        .between(0, 1'000'000'000);
    command.add_option("--max-backup-age", given->backup_hours, "hours; older the newest backup must not be (168)")
        .between(0, 24 * 365 * 10);
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return check(read_config(wanted.file), *given); }; });
}

}  // namespace walmgr_app
