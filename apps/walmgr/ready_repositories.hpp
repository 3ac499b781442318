/// Whether the repositories are ready for a switchover, asked before it stops anything.
#pragma once

#include "config.hpp"

#include <walmgr/journal.hpp>
#include <walmgr/wal_name.hpp>

namespace walmgr_app {

/// Refuses where one of them is away, takes nothing or keeps another cluster, where somebody else promotes at the end
/// of the timeline, or has the lease of the backups: one that reads files has no session by which the servers could
/// tell. `log`: of the command, which may have claimed the promotion already. In a dry run nothing is stored.
/// `take_over`: whoever else has claimed it will not go on.
/// @throws walmgr::error  locked; negative, for a lease; what the repositories say
void require_ready_repositories(config const& settings, walmgr::timeline tli, walmgr::journal const* log,
                                bool take_over, bool dry_run);

}  // namespace walmgr_app
