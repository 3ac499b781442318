#include "check.hpp"
#include "config.hpp"
#include "supervisor.hpp"

#include <common/command_line.hpp>
#include <common/daemon.hpp>
#include <common/log.hpp>
#include <common/pidfile.hpp>
#include <common/signals.hpp>
#include <common/status.hpp>
#include <common/version.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace {

struct request {
    std::string file{};
    int verbose = 0;
    bool quiet = false;
    bool background = false;
    bool stop = false;
    bool kill = false;
    bool reload = false;
    bool check = false;
    bool sample = false;
};

void describe(apps::command_line& line, request& wanted) {
    line.add_option("config", wanted.file, "configuration file");
    line.add_flag("-v,--verbose", wanted.verbose, "log more");
    line.add_flag("-q,--quiet", wanted.quiet, "log nothing to the console");
    apps::option modes[]{
        line.add_flag("-d,--daemon", wanted.background, "run in the background"),
        line.add_flag("-s,--stop", wanted.stop, "stop the running pgqd: SIGINT to the process of the pidfile"),
        line.add_flag("-k,--kill", wanted.kill, "stop it by SIGTERM"),
        line.add_flag("-r,--reload", wanted.reload, "let it read its configuration again: SIGHUP"),
        line.add_flag("--check", wanted.check, "say what would be done on each database, and end"),
        line.add_flag("--ini", wanted.sample, "show a sample configuration")};
    for (auto& one : modes) {
        for (auto const& other : modes) {
            if (&one != &other) one.excludes(other);
        }
    }
    line.footer(
        "Exit status: 0 done, 1 it could not begin or reach a database, 2 the command line or the configuration is "
        "wrong.\nSignals: SIGINT and SIGTERM stop it, SIGHUP lets it read its configuration again.");
}

apps::log_targets log_targets(pgqd::config const& settings, request const& wanted) {
    return {.console = !wanted.quiet,
            .debug = wanted.verbose > 0,
            .file = settings.logfile,
            .syslog_ident = settings.syslog ? settings.syslog_ident : std::string{},
            .syslog_facility = settings.syslog_facility};
}

/// -s, -k and -r.
int signal_running(pgqd::config const& settings, request const& wanted) {
    if (settings.pidfile.empty()) throw pgq::usage_error{wanted.file + ": pidfile is not set, so no process is known"};
    int const number = wanted.stop ? SIGINT : wanted.kill ? SIGTERM : SIGHUP;
    char const* const name = wanted.stop ? "SIGINT" : wanted.kill ? "SIGTERM" : "SIGHUP";
    try {
        auto const process = apps::pidfile::send(settings.pidfile, number);
        std::cout << name << " sent to process " << process << '\n';
        return apps::status_done;
    } catch (pgq::usage_error const& problem) {
        std::cerr << "pgqd: " << apps::one_line(problem.what()) << '\n';
        return apps::status_failed;
    }
}

int serve(pgqd::config settings, request const& wanted) {
    if (wanted.background && settings.pidfile.empty()) { throw pgq::usage_error{wanted.file + ": -d needs a pidfile"}; }
    apps::logger log;
    std::optional<apps::pidfile> owned;
    std::optional<apps::background> background;
    try {
        log.open(log_targets(settings, wanted));
        if (!settings.pidfile.empty()) owned.emplace(settings.pidfile);
        if (wanted.background) {
            background.emplace();
            owned->write();
        }
    } catch (pgq::error const& problem) {
        std::cerr << "pgqd: " << apps::one_line(problem.what()) << '\n';
        return apps::status_failed;
    }

    std::stop_source stop;
    pgqd::supervisor supervisor{std::move(settings), log, [&] {
                                    auto fresh = pgqd::read_config(wanted.file);
                                    auto targets = log_targets(fresh, wanted);
                                    if (wanted.background) targets.console = false;
                                    log.open(std::move(targets));
                                    return fresh;
                                }};
    apps::signal_listener const signals{[&](int number) {
        if (number == SIGHUP) {
            supervisor.request_reload();
            return;
        }
        log.info(std::string{"stopping on "} + (number == SIGINT ? "SIGINT" : "SIGTERM"));
        apps::notify_service("STOPPING=1");
        stop.request_stop();
    }};
    log.info("Starting pgqd " + apps::version);
    supervisor.run(stop.get_token(), [&] {
        if (background) {
            log.leave_console();
            background->ready();
        }
        apps::notify_service("READY=1");
    });
    log.info("pgqd has stopped");
    return apps::status_done;
}

}  // namespace

int main(int argc, char** argv) {
    request wanted;
    apps::command_line line{
        "pgqd", "Ticker and maintenance daemon for PgQ: serves every database of a PostgreSQL server that has PgQ."};
    describe(line, wanted);
    if (auto const ended = line.read(argc, argv)) return *ended;
    try {
        if (wanted.sample) {
            std::cout << pgqd::sample_config();
            return apps::status_done;
        }
        if (wanted.file.empty()) throw pgq::usage_error{"a configuration file is needed; pgqd --ini shows a sample"};
        auto settings = pgqd::read_config(wanted.file);
        if (wanted.stop || wanted.kill || wanted.reload) return signal_running(settings, wanted);
        if (wanted.check) return pgqd::check(settings, std::cout);
        return serve(std::move(settings), wanted);
    } catch (pgq::usage_error const& problem) {
        std::cerr << "pgqd: " << apps::one_line(problem.what()) << '\n';
        return apps::status_usage;
    } catch (std::exception const& problem) {
        std::cerr << "pgqd: " << apps::one_line(problem.what()) << '\n';
        return apps::status_failed;
    }
}
