/// How far the log is, for the commands that show it.
#pragma once

#include "config.hpp"

#include <walmgr/log_status.hpp>

namespace walmgr_app {

/// Asks the primary, the folder of partial_wals and all repositories. Waits at most half a minute.
walmgr::log_status look(config const& settings);

/// The exit status that goes with it: 0, that of the first that could not be asked, 13 for a gap, or 17 while the
/// server's disk fills.
int status_of_look(walmgr::log_status const& found);

}  // namespace walmgr_app
