/// What whoever restores to the end of the log should know of that end.
#pragma once

#include "chosen_repository.hpp"

#include <walmgr/restore/plan.hpp>

namespace walmgr_app {

/// Says in a line each, and to programs, what came behind the archived log and will not be restored: what was thrown
/// away, and what a receiver may have of that timeline. @throws walmgr::error  from the stores
void tell_end_of_log(usable_repositories const& all, walmgr::restore_plan const& plan);

}  // namespace walmgr_app
