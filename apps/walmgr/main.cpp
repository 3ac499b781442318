#include "command.hpp"
#include "config.hpp"
#include "result.hpp"

#include <common/status.hpp>
#include <common/version.hpp>

#include <walmgr/error.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>

void walmgr_app::say(std::string const& text) {
    std::cerr << "walmgr: " << text << '\n';
}

int walmgr_app::status_of(std::function<int()> const& command) {
    auto const failed = [](std::exception const& problem, walmgr::fault kind) {
        auto const text = apps::one_line(problem.what());
        say(text);
        result().problem(text);
        return static_cast<int>(kind);
    };
    try {
        return command();
    } catch (walmgr::error const& problem) {
        return failed(problem, problem.kind());
    } catch (pgq::usage_error const& problem) {
        return failed(problem, walmgr::fault::configuration);
    } catch (std::exception const& problem) { return failed(problem, walmgr::fault::unavailable); }
}

namespace {

/// What a server runs for each segment, and only that is described then: to describe all takes longer than its work.
bool is_for_a_segment(int argc, char** argv) {
    return argc > 2 && (argv[2] == std::string_view{"xarchive"} || argv[2] == std::string_view{"xrestore"});
}

void describe_all(apps::command_line& line, walmgr_app::request& wanted) {
    using namespace walmgr_app;
    line.add_answer("--ini", sample_config, "show a sample configuration");
    line.add_option("config", wanted.file, "configuration file; every command but serve needs it");
    line.needs_command();
    for (auto* const add :
         {add_xarchive, add_xrestore,     add_verify,        add_gap,          add_repo,      add_setup,   add_stop,
          add_check,    add_failover,     add_pause,         add_receive,      add_status,    add_metrics, add_serve,
          add_restore,  add_restore_test, add_agent,         add_backup,       add_info,      add_expire,  add_pins,
          add_locks,    add_standbys,     add_synch_standby, add_housekeeping, add_migration, add_step})
        add(line, wanted);
    line.add_flag_beside("--dry-run", "--json", "for programs: one object that says what was done, or would be");
    line.footer(
        "Exit status: 0 done; 1 there is no such file, or the answer is no; 2 the command line is wrong, or a name "
        "is none;\n"
        "3 the configuration is wrong; 10 of another cluster; 11 stored already with other bytes; 12 damaged; 13 a "
        "gap;\n"
        "14 somebody else works there; 15 a deadline has passed; 16 the repository or the server cannot be reached; "
        "17 no\n"
        "room; 18 a server runs where none may. xrestore adds 150 to all from 2 on, which ends recovery with an "
        "error,\n"
        "but on a standby ends with 1, so that it goes on by streaming.");
}

}  // namespace

int main(int argc, char** argv) {
    walmgr_app::request wanted;
    apps::command_line line{"walmgr", "Archive and restore of PostgreSQL's write-ahead log."};
    if (is_for_a_segment(argc, argv)) {
        line.add_option("config", wanted.file, "configuration file");
        line.needs_command();
        walmgr_app::add_xarchive(line, wanted);
        walmgr_app::add_xrestore(line, wanted);
    } else describe_all(line, wanted);
    auto ended = line.read(argc, argv);
    if (!ended && wanted.needs_file && wanted.file.empty()) ended = line.refuse("config is required");
    // A restore_command that is written wrongly must not look like the end of the log.
    bool const asks = ended && *ended == 0 && argv[argc - 1] == std::string_view{"--help"};  // a server names a file
    auto const has = [&](std::string_view word) { return std::find(argv + 1, argv + argc, word) != argv + argc; };
    if (ended && !asks && has("xrestore")) return walmgr_app::status_for_recovery(*ended);
    if (ended && *ended == 0) return 0;
    if (ended ? has("--json") : line.was_given("--json")) return walmgr_app::run_for_programs(line, wanted, ended);
    return ended ? *ended : walmgr_app::status_of(wanted.run);
}
