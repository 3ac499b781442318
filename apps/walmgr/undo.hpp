/// Taking back what a change of roles has begun, as long as nothing was promoted.
#pragma once

#include "config.hpp"

#include <chrono>

namespace walmgr_app {

/// A boot's: the timeline is not given up any more. Servers are left as they are. @return the status to end with
/// @throws walmgr::error  negative, when a standby may have been promoted; unavailable, when a repository cannot be
/// told
int undo_boot(config const& settings, bool dry_run);

/// A switchover's: the old primary runs again. @return the status to end with
/// @throws walmgr::error  negative, likewise; timed_out, when the server does not start within `limit`
int undo_switchover(config const& settings, bool dry_run, std::chrono::seconds limit);

}  // namespace walmgr_app
