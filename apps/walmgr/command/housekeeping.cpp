#include "../command.hpp"
#include "../first_config.hpp"
#include "../journalled.hpp"
#include "../machines.hpp"
#include "../result.hpp"
#include "../this_program.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/archiving.hpp>
#include <walmgr/lease_held.hpp>
#include <walmgr/sql/replay.hpp>
#include <walmgr/text_file.hpp>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr_app {
namespace command_housekeeping {
namespace {

using walmgr::error;
using walmgr::fault;

/// Runs this program with another command, and shows what it says.
int run_own(config const& settings, std::string const& command) {
    auto& told = result();
    std::vector<std::string> words{program_path(), settings.path, command};
    if (told.wanted) words.emplace_back("--json");
    auto const done = walmgr::run_process(words, {.deadline = std::chrono::hours{48}});
    std::cerr << done.err;
    if (told.wanted) {
        auto const said =
            done.out.empty() ? apps::json{nullptr} : apps::json::written(done.out.substr(0, done.out.find('\n')));
        told.add("runs", {{"command", command}, {"status", done.status}, {"result", said}});
    } else std::cout << done.out << std::flush;
    if (done.status == 0) return 0;
    auto const text = command + " ended with status " + std::to_string(done.status);
    say(text);
    told.problem(text);
    return done.status;
}

int periodic(config const& settings, bool dry_run) {
    auto& told = result();
    told.set({{"wait_seconds", 0}, {"runs", apps::json::written("[]")}});
    auto const& nodes = settings.nodes;
    auto const path = nodes.state_dir + '/' + settings.cluster + ".periodic";
    auto const interval = nodes.command_interval.count();
    struct stat last {};
    if (interval > 0 && ::stat(path.c_str(), &last) == 0) {
        auto const age = std::time(nullptr) - last.st_mtime;
        // A clock that was set back must not hold it up until it has caught up again.
        if (age >= 0 && age < interval) {
            told.set("wait_seconds", interval - age);
            std::cout << "nothing to do for another " << interval - age << " s\n";
            return 0;
        }
    }
    if (!nodes.periodic_command.empty()) told.change("run", nodes.periodic_command.front());
    else if (dry_run) {
        for (auto const* const command : {"backup", "expire", "check"})
            told.change("run", command);
    }
    if (dry_run) {
        std::cout << "would run "
                  << (nodes.periodic_command.empty() ? "backup, expire and check" : nodes.periodic_command.front())
                  << '\n';
        return 0;
    }
    // One at a time.
    walmgr::journal log{path + ".running", "periodic"};
    int status = 0;
    if (!nodes.periodic_command.empty()) {
        std::cout << walmgr::run_checked(nodes.periodic_command, {.deadline = std::chrono::hours{48}});
    } else {
        for (auto const* const command : {"backup", "expire", "check"}) {
            // Without a new backup nothing is removed, whatever the rules say.
            if (status != 0 && command == std::string_view{"expire"}) continue;
            told.change("run", command);
            auto const one = run_own(settings, command);
            if (status == 0) status = one;
        }
    }
    if (status == 0) walmgr::replace_text_file(path, "");
    log.finish();
    return status;
}

/// All objects of a cluster, those that say what it is last: without them nobody could go on.
std::vector<std::string> objects_of(walmgr::any_store const& where, std::string const& cluster) {
    std::vector<std::string> found;
    std::vector<std::string> known;
    std::vector<std::string> folders{cluster};
    while (!folders.empty()) {
        auto const folder = folders.back();
        folders.pop_back();
        for (auto const& name : where.list(folder)) {
            if (name.ends_with('/')) folders.push_back(folder + '/' + name.substr(0, name.size() - 1));
            else (folder == cluster + "/history" ? known : found).push_back(folder + '/' + name);
        }
    }
    found.insert(found.end(), known.begin(), known.end());
    return found;
}

/// Refuses while the primary archives here, and gives back the slot that would keep its log for nobody.
void leave_server(config const& settings, bool act, bool dry_run) {
    try {
        auto const& primary = primary_of(settings.nodes);
        pgq::libpq::connection db{
            primary.db, {.connect_timeout = std::chrono::seconds{10}, .statement_timeout = std::chrono::seconds{30}}};
        if (archives_here(settings, primary, walmgr::archive_command_of(db)))
            throw error{fault::negative, "the primary archives here; run first: walmgr CONFIG stop"};
        auto const& slot = settings.receive.slot;
        if (slot.empty() || !walmgr::sql::has_idle_slot(db, slot)) return;
        if (act || dry_run) result().change("remove", "replication slot " + slot, {{"repository", nullptr}});
        if (act) walmgr::sql::drop_idle_slot(db, slot);
    } catch (pgq::connection_error const&) {
        say("the primary does not answer: whether it archives here nobody knows");
    }
}

int cleanup(config const& settings, bool sure, bool dry_run) {
    bool const act = sure && !dry_run;
    if (::access(journal_path(settings).c_str(), F_OK) == 0)
        throw error{fault::locked, "a command is unfinished, see " + journal_path(settings) + "; finish that first"};
    leave_server(settings, act, dry_run);
    auto const in = [&](std::string const& location) {
        auto const where = open_location(settings, location);
        auto const of = known_cluster(settings, where);
        // Neither a backup nor an expire may be at work; the lease goes with all the rest.
        if (act) static_cast<void>(take_lease(where, of, walmgr::this_host_holder("cleanup"), say));
        auto const objects = objects_of(where, of.name);
        if (!objects.empty() && (act || dry_run)) result().change("remove", of.name, {{"repository", location}});
        for (auto const& object : objects) {
            if (act) where.remove(object);
        }
        std::cout << location << ": " << (act ? "removed " : "would remove ") << objects.size() << " objects of \""
                  << of.name << "\"\n";
        return 0;
    };
    auto const status = in_each_repository(settings, in);
    if (status != 0 || dry_run) return status;
    if (!sure) throw error{fault::negative, "nothing was removed; to remove all log and all backups give --yes"};
    ::unlink((settings.nodes.state_dir + '/' + settings.cluster + ".periodic").c_str());
    std::cout << "the configuration, data folders and keys were left as they are\n";
    return 0;
}

}  // namespace
}  // namespace command_housekeeping

void add_housekeeping(apps::command& program, request& wanted) {
    using namespace command_housekeeping;
    struct options {
        bool dry_run = false;
        bool sure = false;
        first_words init{};
    };
    auto const given = std::make_shared<options>();
    std::string const dry = "-n,--dry-run,--not-really";

    auto first = program.add_command("init", "write a configuration, and let the repository know the cluster");
    first.add_option("walmgr_data", given->init.data, "where the repository is to be").required();
    first.add_option("--cluster", given->init.cluster, "the cluster's name there (main)");
    first.add_option("--master-db", given->init.master_db, "connection string of the primary (dbname=template1)");
    first.add_option("--slave-db", given->init.slave_db, "connection string of the standby");
    first.add_option("--slave-data", given->init.slave_data, "data folder of the standby");
    first.add_option("--partial-wals", given->init.partial_wals, "folder to receive the log into");
    first.add_option("--ssh-keygen", given->init.key_file, "make an ed25519 key without passphrase in this file");
    first.add_flag(dry, given->init.dry_run, "show the configuration, and write nothing");
    first.when_given([&wanted, given] {
        wanted.run = [&wanted, given] {
            write_first_config(wanted.file, given->init);
            return 0;
        };
    });

    auto often = program.add_command("periodic", "what cron is to run: backup, expire and check, or periodic_command");
    often.add_flag(dry, given->dry_run, "say what would be run, and run nothing");
    often.when_given([&wanted, given] {
        wanted.run = [&wanted, given] { return periodic(read_config(wanted.file), given->dry_run); };
    });

    auto last = program.add_command("cleanup", "remove all log and all backups of the cluster from the repositories");
    last.add_flag("--yes", given->sure, "really");
    last.add_flag(dry, given->dry_run, "say what would be removed, and remove nothing");
    last.when_given([&wanted, given] {
        wanted.run = [&wanted, given] { return cleanup(read_config(wanted.file), given->sure, given->dry_run); };
    });
}

}  // namespace walmgr_app
