/// What walmgr can do: a function for each command, which tells the command line about it. Their sources lie in
/// command/.
#pragma once

#include "config.hpp"

#include <common/command_line.hpp>

#include <functional>
#include <string>

namespace walmgr_app {

/// What the command line asks for.
struct request {
    std::string file{};          ///< the configuration
    bool needs_file = true;      ///< false for a command that works without one
    std::function<int()> run{};  ///< set by the command that was given; returns the exit status, or throws
};

void add_gap(apps::command& program, request& wanted);
void add_agent(apps::command& program, request& wanted);
void add_repo(apps::command& program, request& wanted);
void add_metrics(apps::command& program, request& wanted);
void add_receive(apps::command& program, request& wanted);
void add_status(apps::command& program, request& wanted);
void add_xarchive(apps::command& program, request& wanted);
void add_xrestore(apps::command& program, request& wanted);
void add_verify(apps::command& program, request& wanted);
void add_setup(apps::command& program, request& wanted);
void add_stop(apps::command& program, request& wanted);
void add_check(apps::command& program, request& wanted);
void add_serve(apps::command& program, request& wanted);
void add_step(apps::command& program, request& wanted);
void add_restore(apps::command& program, request& wanted);
void add_restore_test(apps::command& program, request& wanted);
void add_failover(apps::command& program, request& wanted);
void add_standbys(apps::command& program, request& wanted);
void add_synch_standby(apps::command& program, request& wanted);
void add_housekeeping(apps::command& program, request& wanted);
void add_migration(apps::command& program, request& wanted);
void add_pause(apps::command& program, request& wanted);
void add_backup(apps::command& program, request& wanted);
void add_info(apps::command& program, request& wanted);
void add_expire(apps::command& program, request& wanted);
void add_pins(apps::command& program, request& wanted);
void add_locks(apps::command& program, request& wanted);

/// One line on standard error.
void say(std::string const& text);

/// Runs a command; what it throws becomes one line on standard error, and a status.
int status_of(std::function<int()> const& command);

/// The status that tells PostgreSQL about a failed xrestore what it has to do, as far as its working folder tells: end
/// a recovery with an error, but let a standby go on by streaming.
int status_for_recovery(int status);

}  // namespace walmgr_app
