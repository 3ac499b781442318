#include "../command.hpp"
#include "../journalled.hpp"
#include "../machines.hpp"
#include "../result.hpp"
#include "../this_program.hpp"

#include <unistd.h>
#include <walmgr/failover/begun_tablespaces.hpp>
#include <walmgr/failover/follow.hpp>
#include <walmgr/failover/hidden_secrets.hpp>
#include <walmgr/failover/tablespace_places.hpp>
#include <walmgr/sql/config_places.hpp>
#include <walmgr/sql/tablespaces.hpp>
#include <walmgr/visit_names.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace walmgr_app {
namespace command_standby {
namespace {

using walmgr::error;
using walmgr::fault;
using walmgr::node;
using walmgr::role;

struct options {
    bool dry_run = false;
    bool from_repository = false;
    int limit = 300;
    std::vector<std::string> tablespaces{};
    std::string standby{};  ///< connection string of one that the configuration does not name
    std::string slot{};
};

void clear(std::string const& folder) {
    for (auto const& name : walmgr::names_in(folder))
        std::filesystem::remove_all(folder + '/' + name);
}

/// Fills the data folder from the running primary, with the log that the copy needs.
void copy_primary(node const& to, node const& from, options const& given, walmgr::journal const& log) {
    auto source = walmgr::detail::hide_secrets(from.db);
    source.environment.emplace_back("LC_ALL", "C");
    std::vector<std::string> command{
        program_of(to, "pg_basebackup"), "--pgdata=" + data_of(to), "--dbname=" + source.text,
        "--wal-method=stream",           "--checkpoint=fast",       "--no-password"};
    if (!to.slot.empty()) command.push_back("--slot=" + to.slot);
    for (auto const& one : given.tablespaces)
        command.push_back("--tablespace-mapping=" + one);
    walmgr::run_checked(command, {.deadline = std::chrono::hours{24 * 7},
                                  .environment = source.environment,
                                  .inherited = {log.descriptor(), source.service.descriptor()}});
}

/// Fills it from the newest backup of the repository; the log that is missing comes from there too.
void copy_backup(config const& settings, node const& to, std::vector<walmgr::tablespace_place> const& places,
                 walmgr::journal const& log) {
    std::vector<std::string> command{program_path(), settings.path, "restore", "--standby"};
    for (auto const& one : places)
        if (one.to != one.from) command.push_back("--tablespace=" + std::to_string(one.oid) + '=' + one.to);
    command.push_back(data_of(to));
    walmgr::run_checked(command, {.deadline = std::chrono::hours{24 * 7}, .inherited = {log.descriptor()}});
}

/// A copy of a primary that has its configuration elsewhere has none, and is not made before somebody says which to
/// use.
void require_config(node const& made, node const& primary) {
    if (!made.start_command.empty()) return;
    if (!made.config.empty()) return require_startable(made);
    auto db = walmgr::session_with(primary, std::chrono::seconds{30});
    auto const elsewhere = walmgr::sql::outside_config_file(db);
    if (!elsewhere) return;
    throw error{fault::configuration, primary.name + " has its configuration outside of its data folder, as " +
                                          *elsewhere + ", so that a copy has none: set " +
                                          (made.name == "the slave" ? "slave_config_dir" : "master_config") +
                                          " to that which " + made.name + " is to have"};
}

int create(config const& settings, options const& given) {
    auto const& nodes = settings.nodes;
    if (::geteuid() == 0)
        throw error{fault::usage, "run it as the user that the server runs as, who is to own the files, not as root"};
    auto const& primary = require_primary(nodes);
    auto const& made = other_of(nodes, primary);
    auto const places = [&] {
        auto db = walmgr::session_with(primary, std::chrono::seconds{30});
        return walmgr::places_of_tablespaces(walmgr::sql::tablespaces(db), given.tablespaces);
    }();
    auto const ready = [&] {
        check_identity(settings, primary);
        if (made.db.empty()) walmgr::session_with(made, std::chrono::seconds{1});  // says which key is missing
        if (!walmgr::names_in(data_of(made)).empty())
            throw error{fault::server_running, made.data + " is not empty; a standby is made in an empty folder only"};
        walmgr::require_empty(places);
        require_config(made, primary);
    };
    auto& told = result();
    std::string const origin = given.from_repository ? "repository" : "primary";
    told.set({{"primary", key_of(primary)},
              {"standby", key_of(made)},
              {"folder", made.data},
              {"from", origin},
              {"slot", made.slot.empty() ? apps::json{nullptr} : apps::json{made.slot}},
              {"timeline", nullptr}});
    auto const tell_copy = [&] { told.change("copy", key_of(made), {{"from", origin}}); };
    auto const tell_start = [&] { told.change("start", key_of(made)); };
    if (given.dry_run) {
        ready();
        tell_copy();
        tell_start();
        std::cout << "would make " << made.name << " in " << made.data << ", a standby of " << primary.name << ", from "
                  << (given.from_repository ? "the repository" : "the primary")
                  << (made.slot.empty() ? "" : ", with the slot " + made.slot) << '\n';
        return 0;
    }
    return with_journal(settings, "createslave", "copy", [&](walmgr::journal& log) {
        if (!log.begun("copy")) ready();
        log.step("copy", [&] {
            // Half a copy of an earlier run, which pg_basebackup would not go on with.
            auto const before = log.noted("from");
            bool const there = ::access(data_of(made).c_str(), F_OK) == 0;
            if (auto const sign = there ? walmgr::sign_of_server(made) : std::nullopt)
                throw error{fault::server_running, made.name + " runs: " + *sign + "; stop it first"};
            walmgr::begun_tablespaces begun{log};
            if (before && (*before == "primary" || origin == "primary")) {
                clear(data_of(made));
                begun.clear(places);
            }
            begun.begin(places);
            log.note("from", origin);
            tell_copy();
            if (!made.slot.empty()) {
                auto db = walmgr::session_with(primary, std::chrono::seconds{30});
                walmgr::sql::keep_log_for(db, made.slot);
            }
            std::cout << "copy " << (given.from_repository ? "the newest backup" : primary.name) << " to " << made.data
                      << std::endl;
            if (given.from_repository) copy_backup(settings, made, places, log);
            else copy_primary(made, primary, given, log);
        });
        auto db = walmgr::session_with(primary, std::chrono::seconds{30});
        std::cout << "start " << made.name << std::endl;
        tell_start();
        walmgr::make_standby(made, machine_of(settings, made), primary, walmgr::sql::current_timeline(db),
                             std::chrono::seconds{given.limit}, log);
        told.set("timeline", static_cast<std::uint32_t>(walmgr::sql::current_timeline(db)));
        std::cout << made.name << " follows " << primary.name << '\n';
    });
}

int follow(config const& settings, options const& given) {
    auto const& primary = require_primary(settings.nodes);
    auto standby = other_of(settings.nodes, primary);
    if (!given.standby.empty()) standby = {.name = "the standby", .db = given.standby};
    if (!given.slot.empty()) standby.slot = given.slot;
    auto db = walmgr::session_with(standby, std::chrono::seconds{30});
    auto source = walmgr::session_with(primary, std::chrono::seconds{30});
    auto const now = walmgr::require_follower(db, source);
    auto const as = primary.name + " on timeline " + walmgr::to_string(now) +
                    (standby.slot.empty() ? "" : ", with the slot " + standby.slot);
    auto& told = result();
    auto const slot = standby.slot.empty() ? apps::json{nullptr} : apps::json{standby.slot};
    auto const at = [&] { return to_string(walmgr::sql::read_replay_state(db).replayed); };
    told.set({{"primary", key_of(primary)},
              {"standby", key_of(standby)},
              {"timeline", static_cast<std::uint32_t>(now)},
              {"slot", slot},
              {"replayed", at()}});
    told.change("follow", key_of(standby), {{"primary", key_of(primary)}, {"slot", slot}});
    if (given.dry_run) {
        std::cout << "would let " << standby.name << " follow " << as << '\n';
        return 0;
    }
    walmgr::follow_primary(db, source, primary.followed_by, standby.slot, now, std::chrono::seconds{given.limit});
    told.set("replayed", at());
    std::cout << standby.name << " follows " << as << '\n';
    return 0;
}

apps::command add(apps::command& program, request& wanted, std::string const& name, std::string const& help,
                  std::shared_ptr<options> const& given, int (*run)(config const&, options const&)) {
    auto command = program.add_command(name, help);
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be done, and do nothing");
    command.when_given([&wanted, given, run] {
        wanted.run = [&wanted, given, run] { return run(read_config(wanted.file), *given); };
    });
    return command;
}

}  // namespace
}  // namespace command_standby

void add_standbys(apps::command& program, request& wanted) {
    using namespace command_standby;
    auto const given = std::make_shared<options>();
    auto const wait = "seconds that each wait may take (300)";
    auto make =
        add(program, wanted, "createslave", "make a standby, from the primary or from the repository", given, create);
    make.add_flag("--from-repository", given->from_repository, "from the newest backup, and not from the primary");
    make.add_option("--tablespace-mapping", given->tablespaces, "OLD=NEW: where a tablespace is to lie").takes_one();
    make.add_option("--timeout", given->limit, wait).between(1, 86400);
    auto repoint = add(program, wanted, "follow", "let a running standby follow the new primary", given, follow);
    repoint.add_option("--standby", given->standby, "connection string of one that the configuration does not name");
    repoint.add_option(
        "--slot", given->slot,
        "the replication slot by which the primary keeps its log; without: standby_slot, and none for --standby");
    repoint.add_option("--timeout", given->limit, wait).between(1, 86400);
}

}  // namespace walmgr_app
