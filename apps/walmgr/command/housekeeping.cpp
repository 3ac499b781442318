#include "../command.hpp"
#include "../journalled.hpp"
#include "../this_program.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/archiving.hpp>
#include <walmgr/auto_conf.hpp>
#include <walmgr/lease_held.hpp>
#include <walmgr/location.hpp>
#include <walmgr/sql/replay.hpp>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace command_housekeeping {
namespace {

using walmgr::error;
using walmgr::fault;

struct first_words {
    std::string data{};
    std::string cluster{"main"};
    std::string master_db{"dbname=template1"};
    std::string slave_db{};
    std::string slave_data{};
    std::string partial_wals{};
    std::string key_file{};
    bool dry_run = false;
};

bool is_by_ssh(walmgr::location const& where) {
    return where.by == walmgr::reached_by::ssh || where.by == walmgr::reached_by::sftp;
}

/// The configuration that was asked for, with what the server itself says of where it lies.
std::string first_config(first_words const& given, walmgr::location const& where) {
    pgq::libpq::connection db{
        given.master_db, {.connect_timeout = std::chrono::seconds{30}, .statement_timeout = std::chrono::seconds{30}}};
    auto const programs = pgq::query(db, "select setting from pg_config where name = 'BINDIR'");
    std::vector<std::pair<std::string, std::string>> const found{
        {"walmgr_data", given.data},
        {"cluster", given.cluster},
        {"master_db", given.master_db},
        {"master_data", walmgr::sql::shown_setting(db, "data_directory")},
        {"master_bin", programs.empty() ? std::string{} : pgq::value_of<std::string>(programs, 0, 0)},
        {"slave_db", given.slave_db},
        {"slave_data", given.slave_data},
        {"slave_bin",
         programs.empty() || given.slave_data.empty() ? std::string{} : pgq::value_of<std::string>(programs, 0, 0)},
        {"partial_wals", given.partial_wals},
        {"ssh_command", is_by_ssh(where) && !given.key_file.empty()
                            ? "ssh -oIdentitiesOnly=yes -i " + walmgr::shell_word(given.key_file)
                            : std::string{}}};
    std::string text = "# The other keys, and what they are for: walmgr --ini\n[walmgr]\n";
    for (auto const& [key, value] : found) {
        if (value.find_first_of("\r\n") != value.npos)
            throw error{fault::usage, "the value of " + key + " has a line end in it"};
        if (!value.empty()) text.append(key).append(" = ").append(value).append("\n");
    }
    return text;
}

int init(std::string const& path, first_words given) {
    // Later commands run elsewhere.
    if (!given.key_file.empty()) given.key_file = std::filesystem::absolute(given.key_file).string();
    auto const where = walmgr::parse_location(given.data);
    if (::access(path.c_str(), F_OK) == 0)
        throw error{fault::negative, path + " is there already, and is left as it is"};
    auto const text = first_config(given, where);
    bool const makes_key = !given.key_file.empty() && ::access(given.key_file.c_str(), F_OK) != 0;
    bool const makes_folder = where.by == walmgr::reached_by::path && ::access(where.path.c_str(), F_OK) != 0;
    if (given.dry_run) {
        std::cout << "would write " << path << ":\n" << text;
        if (makes_folder) std::cout << "would create " << where.path << '\n';
        if (makes_key) std::cout << "would make the key " << given.key_file << '\n';
        return 0;
    }
    // Whether it can be read at all is found out before anything else is done. It may hold a password.
    auto out = walmgr::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!out.is_open()) throw error{fault::unavailable, "cannot create " + path + ", its folder must be there"};
    out.write(text);
    out.sync();
    out.close();
    try {
        static_cast<void>(read_config(path));
    } catch (...) {
        ::unlink(path.c_str());
        throw;
    }
    std::cout << "wrote " << path << std::endl;
    if (makes_folder) {
        if (::mkdir(where.path.c_str(), 0700) != 0) walmgr::refuse("cannot create " + where.path);
        std::cout << "created " << where.path << std::endl;
    }
    if (makes_key) {
        walmgr::run_checked({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "walmgr", "-f", given.key_file});
        std::cout << "made the key " << given.key_file << "; put " << given.key_file
                  << ".pub into authorized_keys on the other machine" << std::endl;
    }
    // Nobody there knows the key yet.
    if (makes_key && is_by_ssh(where)) {
        std::cout << "next: walmgr " << path << " repo init, when " << where.host << " has the key\n";
        return 0;
    }
    std::cout << walmgr::run_checked({program_path(), path, "repo", "init"}) << "next: walmgr " << path << " setup\n";
    return 0;
}

/// Runs this program with another command, and shows what it says.
int run_own(config const& settings, std::string const& command) {
    auto const done =
        walmgr::run_process({program_path(), settings.path, command}, {.deadline = std::chrono::hours{48}});
    std::cout << done.out << std::flush;
    std::cerr << done.err;
    if (done.status != 0) say(command + " ended with status " + std::to_string(done.status));
    return done.status;
}

int periodic(config const& settings, bool dry_run) {
    auto const& nodes = settings.nodes;
    auto const path = nodes.state_dir + '/' + settings.cluster + ".periodic";
    auto const interval = nodes.command_interval.count();
    struct stat last {};
    if (interval > 0 && ::stat(path.c_str(), &last) == 0) {
        auto const age = std::time(nullptr) - last.st_mtime;
        // A clock that was set back must not hold it up until it has caught up again.
        if (age >= 0 && age < interval) {
            std::cout << "nothing to do for another " << interval - age << " s\n";
            return 0;
        }
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
void leave_server(config const& settings, bool act) {
    try {
        pgq::libpq::connection db{
            settings.master_db,
            {.connect_timeout = std::chrono::seconds{10}, .statement_timeout = std::chrono::seconds{30}}};
        if (is_command_of_server(settings, walmgr::archive_command_of(db), "xarchive %p %f"))
            throw error{fault::negative, "the server of master_db archives here; run first: walmgr CONFIG stop"};
        if (act && !settings.receive.slot.empty()) walmgr::sql::drop_idle_slot(db, settings.receive.slot);
    } catch (pgq::connection_error const&) {
        say("the server of master_db does not answer: whether it archives here nobody knows");
    }
}

int cleanup(config const& settings, bool sure, bool dry_run) {
    bool const act = sure && !dry_run;
    if (::access(journal_path(settings).c_str(), F_OK) == 0)
        throw error{fault::locked, "a command is unfinished, see " + journal_path(settings) + "; finish that first"};
    leave_server(settings, act);
    auto const in = [&](std::string const& location) {
        auto const where = open_location(settings, location);
        auto const of = known_cluster(settings, where);
        // Neither a backup nor an expire may be at work; the lease goes with all the rest.
        if (act) static_cast<void>(take_lease(where, of, walmgr::this_host_holder("cleanup"), say));
        auto const objects = objects_of(where, of.name);
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
    first.when_given([&wanted, given] { wanted.run = [&wanted, given] { return init(wanted.file, given->init); }; });

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
