#include "commands.hpp"
#include "config.hpp"

#include <common/status.hpp>
#include <common/version.hpp>

#include <CLI/CLI.hpp>
#include <walmgr/error.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>

namespace {

/// Runs a command; what it throws becomes one line and a status.
int status_of(auto const& command) {
    try {
        return command();
    } catch (walmgr::error const& problem) {
        std::cerr << "walmgr: " << apps::one_line(problem.what()) << '\n';
        return static_cast<int>(problem.kind());
    } catch (pgq::usage_error const& problem) {
        std::cerr << "walmgr: " << apps::one_line(problem.what()) << '\n';
        return static_cast<int>(walmgr::fault::configuration);
    } catch (std::exception const& problem) {
        std::cerr << "walmgr: " << apps::one_line(problem.what()) << '\n';
        return static_cast<int>(walmgr::fault::unavailable);
    }
}

struct request {
    std::string file{};
    std::string path{};
    std::string name{};
    std::string restart_point{};
    bool json = false;
    std::function<int()> run{};
};

void describe(CLI::App& app, request& wanted) {
    using namespace walmgr_app;
    app.set_version_flag("-V,--version", "walmgr " + apps::version, "show the version");
    app.set_help_flag("-h,--help", "show this help");
    app.add_flag_callback(
        "--ini",
        [] {
            std::cout << sample_config();
            throw CLI::Success{};
        },
        "show a sample configuration");
    app.add_option("config", wanted.file, "configuration file")->required();
    app.require_subcommand(1);

    auto* const archive = app.add_subcommand("xarchive", "for archive_command: store a file of the write-ahead log");
    archive->add_option("path", wanted.path, "the file: %p")->required();
    archive->add_option("name", wanted.name, "its name: %f")->required();
    archive->callback(
        [&] { wanted.run = [&] { return xarchive(read_config(wanted.file), wanted.path, wanted.name); }; });

    auto* const restore = app.add_subcommand("xrestore", "for restore_command: fetch a file of the write-ahead log");
    restore->add_option("name", wanted.name, "its name: %f")->required();
    restore->add_option("path", wanted.path, "where to put it: %p")->required();
    restore->add_option("restart_point", wanted.restart_point, "%r; not used");
    restore->callback([&] {
        wanted.run = [&] {
            auto const status = status_of([&] { return xrestore(read_config(wanted.file), wanted.name, wanted.path); });
            return status <= static_cast<int>(walmgr::fault::negative) ? status : status_for_recovery(status);
        };
    });

    auto* const check = app.add_subcommand("verify", "read all that is archived, and name what is damaged or missing");
    check->add_flag("--json", wanted.json, "for programs");
    check->callback([&] { wanted.run = [&] { return verify(read_config(wanted.file), wanted.json); }; });

    auto* const repository = app.add_subcommand("repo", "the repository");
    repository->require_subcommand(1);
    repository->add_subcommand("init", "let it know the cluster of master_db")->callback([&] {
        wanted.run = [&] { return repo_init(read_config(wanted.file)); };
    });
    app.footer("Exit status: 0 done; 1 there is no such file; 2 the command line is wrong, or a name is none; 3 the "
               "configuration\n"
               "is wrong; 10 of another cluster; 11 stored already with other bytes; 12 damaged; 13 a gap; 16 the "
               "repository or\n"
               "the server cannot be reached; 17 no room. xrestore adds 150 to all from 2 on, which ends recovery with "
               "an error,\n"
               "but on a standby ends with 1, so that it goes on by streaming.");
}

}  // namespace

int main(int argc, char** argv) {
    request wanted;
    CLI::App app{"Archive and restore of PostgreSQL's write-ahead log.", "walmgr"};
    describe(app, wanted);
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& problem) {
        if (problem.get_exit_code() == 0) return app.exit(problem);
        std::cerr << "walmgr: " << apps::one_line(problem.what()) << ", see walmgr --help\n";
        // A restore_command that is written wrongly must not look like the end of the log.
        bool const for_recovery = std::find(argv + 1, argv + argc, std::string_view{"xrestore"}) != argv + argc;
        return for_recovery ? walmgr_app::status_for_recovery(apps::status_usage) : apps::status_usage;
    }
    return status_of(wanted.run);
}
