/// That one machine only promotes a standby: what all repositories are told of it.
#pragma once

#include "config.hpp"

#include <walmgr/journal.hpp>
#include <walmgr/wal_name.hpp>

#include <string>

namespace walmgr_app {

/// Claims the promotion at the end of a timeline in each repository, for the command whose journal that is.
/// `take_over`: whoever else has claimed it will not go on. @throws walmgr::error  locked, where somebody else has;
/// from the repositories
void claim_promotion(config const& settings, walmgr::timeline tli, walmgr::journal& log, bool take_over);

/// Who else has claimed it, for people; empty for nobody. @throws walmgr::error  from the repositories
std::string claimed_elsewhere(config const& settings, walmgr::timeline tli, walmgr::journal const& log);

/// Gives back what the command has claimed. @throws walmgr::error  likewise
void release_promotion(config const& settings, walmgr::timeline tli, walmgr::journal const& log);

}  // namespace walmgr_app
