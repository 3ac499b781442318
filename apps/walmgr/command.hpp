/// What walmgr can do: a function for each command, which tells the command line about it. Their sources lie in
/// command/.
#pragma once

#include "config.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace walmgr_app {

/// What the command line asks for.
struct request {
    std::string file{};          ///< the configuration
    bool needs_file = true;      ///< false for a command that works without one
    std::function<int()> run{};  ///< set by the command that was given; returns the exit status, or throws
};

void add_repo(CLI::App& app, request& wanted);
void add_metrics(CLI::App& app, request& wanted);
void add_receive(CLI::App& app, request& wanted);
void add_status(CLI::App& app, request& wanted);
void add_xarchive(CLI::App& app, request& wanted);
void add_xrestore(CLI::App& app, request& wanted);
void add_verify(CLI::App& app, request& wanted);
void add_setup(CLI::App& app, request& wanted);
void add_stop(CLI::App& app, request& wanted);
void add_check(CLI::App& app, request& wanted);
void add_serve(CLI::App& app, request& wanted);
void add_restore(CLI::App& app, request& wanted);
void add_restore_test(CLI::App& app, request& wanted);
void add_failover(CLI::App& app, request& wanted);
void add_pause(CLI::App& app, request& wanted);
void add_backup(CLI::App& app, request& wanted);
void add_info(CLI::App& app, request& wanted);
void add_expire(CLI::App& app, request& wanted);
void add_pins(CLI::App& app, request& wanted);
void add_locks(CLI::App& app, request& wanted);

/// Runs a command; what it throws becomes one line on standard error, and a status.
int status_of(std::function<int()> const& command);

/// The status that tells PostgreSQL about a failed xrestore what it has to do, as far as its working folder tells: end
/// a recovery with an error, but let a standby go on by streaming.
int status_for_recovery(int status);

}  // namespace walmgr_app
