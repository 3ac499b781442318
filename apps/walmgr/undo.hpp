/// Taking back what a change of roles has begun, as long as nothing was promoted.
#pragma once

#include "config.hpp"

#include <walmgr/journal.hpp>
#include <walmgr/wal_name.hpp>

#include <chrono>

namespace walmgr_app {

/// A boot's: the timeline is not given up any more. Servers are left as they are. @return the status to end with
/// @throws walmgr::error  negative, when a standby may have been promoted; unavailable, when a repository cannot be
/// told
int undo_boot(config const& settings, bool dry_run);

/// A switchover's: the old primary runs again, where one repository at least proves that nobody promotes another
/// server. @return the status to end with
/// @throws walmgr::error  negative, likewise; unavailable, when no repository answers; timed_out, when the server does
/// not start within `limit`
int undo_switchover(config const& settings, bool dry_run, std::chrono::seconds limit);

/// Gives back what a command has claimed, in the repositories that answer, and says which do not. Never in the way.
void give_claim_back(config const& settings, walmgr::timeline tli, walmgr::journal const& log);

}  // namespace walmgr_app
