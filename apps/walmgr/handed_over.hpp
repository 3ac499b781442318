/// Whether those who receive a timeline that is given up have put what they have into the repository.
#pragma once

#include "config.hpp"

#include <walmgr/lsn.hpp>
#include <walmgr/wal_name.hpp>

#include <string>

namespace walmgr_app {

/// What a receiver has not handed over yet, and what to do about it; empty when nothing is missing. One that receives
/// into this machine's own folder has nothing to hand over: xrestore looks there itself.
/// @throws walmgr::error  from the repositories, each of which is asked
std::string missing_hand_over(config const& settings, walmgr::timeline tli);

/// What a receiver has handed over, or has in this machine's own folder, and a standby that has come to `replayed`
/// could replay and has not; empty when nothing is left. `gap`: where log begins that is missing everywhere.
/// @throws walmgr::error  likewise
std::string left_to_replay(config const& settings, walmgr::timeline tli, walmgr::lsn replayed, walmgr::lsn gap);

}  // namespace walmgr_app
