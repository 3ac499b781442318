#include "../chosen_repository.hpp"
#include "../command.hpp"
#include "../open_repository.hpp"
#include "../restoring.hpp"
#include "../result.hpp"
#include "../room.hpp"
#include "../scratch.hpp"

#include <common/json.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/conninfo.hpp>

#include <unistd.h>
#include <walmgr/backup/store_config.hpp>
#include <walmgr/small_object.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr_app {
namespace command_restore_test {
namespace {

struct options {
    std::string label{};
    std::string sql{};
    std::string database{};
    std::string folder{};
    long wait = 3600;
    unsigned jobs = usual_jobs();
    std::string repository{};
    bool dry_run = false;
};

/// The server of a test, which does not outlive it.
class test_server {
public:
    test_server(walmgr::recovering_server const& of) : of_{of} { walmgr::start_recovery(of_); }
    test_server(test_server const&) = delete;
    test_server& operator=(test_server const&) = delete;
    ~test_server() {
        try {
            walmgr::stop_recovery(of_, "immediate");
        } catch (std::exception const& problem) {
            std::cerr << "walmgr: cannot stop the server of the test: " << problem.what() << '\n';
        }
    }

private:
    walmgr::recovering_server const& of_;
};

/// Nobody reaches it from outside, it reaches nobody, and it runs nothing of its own: no archiving, no replication, no
/// libraries that the real server loads. Its configuration file is ours, since the real one may not be in the backup.
std::vector<std::string> private_settings(scratch const& in) {
    return {"config_file=" + in / "postgresql.conf",
            "hba_file=" + in / "pg_hba.conf",
            "ident_file=" + in / "pg_ident.conf",
            "data_directory=" + in / "data",
            "external_pid_file=",
            "listen_addresses=",
            "unix_socket_directories=" + in.path(),
            "unix_socket_permissions=0700",
            "port=5432",
            "ssl=off",
            "logging_collector=off",
            "log_destination=stderr",
            "shared_preload_libraries=",
            "session_preload_libraries=",
            "local_preload_libraries=",
            "archive_mode=off",
            "archive_command=",
            "primary_conninfo=",
            "synchronous_standby_names=",
            "max_logical_replication_workers=0",
            "autovacuum=off",
            "hot_standby=off",
            "shared_buffers=64MB",
            "huge_pages=off",
            "max_connections=20",
            "max_prepared_transactions=500",
            "fsync=off"};
}

std::string login(config const& settings, std::string const& database) {
    std::string user = "postgres";
    std::string name = database;
    for (auto const& one : pgq::libpq::parse_conninfo(settings.master_db)) {
        if (one.keyword == "user") user = one.value;
        if (one.keyword == "dbname" && name.empty()) name = one.value;
    }
    return "user=" + pgq::libpq::quote_conninfo_value(user) +
           " dbname=" + pgq::libpq::quote_conninfo_value(name.empty() ? "postgres" : name);
}

/// What pg_amcheck says of all databases; "not installed" where it is missing.
std::string check_relations(std::string const& programs, scratch const& in, std::string const& conninfo,
                            std::chrono::seconds limit) {
    auto const program = walmgr::detail::program_in(programs, "pg_amcheck");
    if (!programs.empty() && ::access(program.c_str(), X_OK) != 0) return "not installed";
    std::string user = "postgres";
    for (auto const& one : pgq::libpq::parse_conninfo(conninfo)) {
        if (one.keyword == "user") user = one.value;
    }
    auto const done =
        walmgr::run_process({program, "--all", "--install-missing", "-h", in.path(), "-p", "5432", "-U", user, "-w"},
                            {.deadline = limit, .environment = {{"LC_ALL", "C"}}});
    if (done.status == 0) return "fine";
    // Status 2 is damage, told on standard output; everything else means that it could not look.
    auto const said = walmgr::first_line(done.status == 2 ? done.out : done.err);
    throw walmgr::error{done.status == 2 ? walmgr::fault::corrupt : walmgr::fault::unavailable,
                        "pg_amcheck " + std::string{done.status == 2 ? "finds damage: " : "fails: "} + said};
}

struct outcome {
    std::string position{};
    std::string relations{"not looked at"};
    std::string sql{"none given"};
};

outcome try_out(config const& settings, options const& given, usable_repositories const& all,
                walmgr::restore_plan const& plan, std::string const& programs, std::string const& sql,
                scratch const& in) {
    std::map<std::uint32_t, std::string> map;
    for (auto const& one : plan.from.tablespaces)
        map.emplace(one.oid, in / std::to_string(one.oid));
    walmgr::restore_options const wanted{
        .outside = walmgr::tablespace_folders(plan.from, map),
        .settings = {.target = plan.target, .on = plan.line.own, .restore_command = restore_command(settings)}};
    read_config(all.stores[plan.repository], all.of, plan.from);  // whether it is whole; the server has another one
    {
        walmgr::target_folder data{in / "data", {plan.from.label, plan.from.system_id, plan.from.version}, false};
        look_for_room(plan, data.path(), wanted.outside);
        // The folder is gone when this process is.
        walmgr::restore_backup([&] { return open_location(settings, all.locations[plan.repository]); }, all.of, plan,
                               data, wanted, walmgr::thread_executor{given.jobs}, walmgr::unsynced{});
    }
    walmgr::detail::write_whole(in / "postgresql.conf", "", 0600);
    walmgr::detail::write_whole(in / "pg_ident.conf", "", 0600);
    // Nobody else gets into the socket's folder.
    walmgr::detail::write_whole(in / "pg_hba.conf", "local all all trust\n", 0600);
    walmgr::recovering_server const server{.programs = programs,
                                           .data = in / "data",
                                           .db = login(settings, given.database),
                                           .log = in / "log",
                                           .settings = private_settings(in),
                                           .limit = std::chrono::seconds{given.wait}};
    test_server const running{server};
    outcome found;
    found.position = walmgr::await_target(server, plan.target, false).position;
    found.relations = check_relations(server.programs, in, server.db, server.limit);
    if (!sql.empty()) {
        pgq::libpq::connection db{*walmgr::detail::own_conninfo(server.db, server.data),
                                  {.statement_timeout = server.limit}};
        db.execute(sql);
        found.sql = "fine";
    }
    return found;
}

int restore_test(config const& settings, options const& given) {
    if (::geteuid() == 0)
        throw walmgr::error{walmgr::fault::usage, "run it as a user that a server can run as, and not as root"};
    std::string sql;
    if (!given.sql.empty()) {
        if (::access(given.sql.c_str(), R_OK) != 0)
            throw walmgr::error{walmgr::fault::usage, "cannot read the statements in " + given.sql};
        sql = walmgr::detail::whole_file(given.sql);
    }
    auto all = open_usable(settings, given.repository);
    if (!given.label.empty()) all.go_back_to(given.label);
    auto const& of = all.of;
    auto const plan =
        walmgr::plan_restore(all.stores, of, given.label.empty() ? std::nullopt : std::optional{given.label},
                             {.kind = walmgr::target_kind::immediate}, {}, all.only);
    auto const& where = all.stores[plan.repository];
    auto const programs = programs_for(settings, plan.from.version);
    auto const parent = given.folder.empty() ? std::filesystem::temp_directory_path().string() : given.folder;
    auto& told = result();
    told.set("backup", plan.from.label);
    told.has({"tested", "passed", "position", "pg_amcheck", "sql"});
    told.change("test", plan.from.label);
    if (given.dry_run) {
        std::cout << "would restore " << shown(plan, of) << all.shown(plan.repository) << ", into a folder in "
                  << parent << '\n';
        return 0;
    }
    std::string problem;
    outcome found;
    int const status = status_of([&] {
        try {
            scratch const in{parent, "test"};
            found = try_out(settings, given, all, plan, programs, sql, in);
        } catch (std::exception const& failure) {
            problem = failure.what();
            throw;
        }
        return 0;
    });
    auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    apps::json_members facts{{"backup", plan.from.label},     {"tested", walmgr::to_string(walmgr::moment{now})},
                             {"passed", status == 0},         {"position", found.position},
                             {"pg_amcheck", found.relations}, {"sql", found.sql}};
    for (auto const& [name, value] : facts)
        told.set(name, value);
    facts.emplace_back("problem", problem);
    auto const text = apps::json{facts}.text() + '\n';
    if (!walmgr::create_small_object(where, of.name + "/tests/" + plan.from.label + '-' + walmgr::compact(now), text))
        std::cerr << "walmgr: another test of " << plan.from.label << " ended in this second; its result was kept\n";
    if (status == 0)
        std::cout << "backup " << plan.from.label << " restores: recovered to " << found.position
                  << ", pg_amcheck: " << found.relations << ", statements: " << found.sql << '\n';
    return status;
}

}  // namespace
}  // namespace command_restore_test

void add_restore_test(apps::command& program, request& wanted) {
    using namespace command_restore_test;
    auto command =
        program.add_command("restore-test", "restore a backup into a scratch folder, start it, check it, remove it");
    auto const given = std::make_shared<options>();
    command.add_option("set", given->label, "label of a backup; without it the newest");
    command.add_option("--sql", given->sql, "a file of statements that must succeed in the restored database");
    command.add_option("--database", given->database, "where they are run; without it as master_db says");
    command.add_option("--in", given->folder,
                       "a folder with room for all data; without it the one for temporary files");
    command.add_option("--wait", given->wait, "how many seconds recovery, checks and statements may take, each")
        .between(1, 31'536'000);
    command.add_option("--repository", given->repository, "with the backup: its number in walmgr_data, or location");
    command.add_option("--jobs", given->jobs, "parts that are read at once").between(1, 256);
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "prove that it can be done, and change nothing");
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return restore_test(read_config(wanted.file), *given); }; });
}

}  // namespace walmgr_app
