/// That one machine only promotes a standby: what all repositories are told of it.
#pragma once

#include "config.hpp"

#include <walmgr/journal.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/wal_name.hpp>

#include <string>
#include <vector>

namespace walmgr_app {

/// Claims the promotion at the end of a timeline in each repository, for the command whose journal that is.
/// `take_over`: whoever else has claimed it will not go on. @throws walmgr::error  locked, where somebody else has;
/// from the repositories, and then nothing was claimed where one of them did not answer
void claim_promotion(config const& settings, walmgr::timeline tli, walmgr::journal& log, bool take_over);

/// Refuses what somebody else has claimed. @throws walmgr::error  locked
[[noreturn]] void refuse_claimed(std::string const& who);

/// Who else than the command has claimed it in one repository, for people; empty for nobody. Without a journal anybody
/// is somebody else.
std::string claimed_elsewhere(walmgr::repository const& in, walmgr::timeline tli, walmgr::journal const* log);
/// The same of all repositories. @throws walmgr::error  from the repositories
std::string claimed_elsewhere(config const& settings, walmgr::timeline tli, walmgr::journal const& log);

/// Gives back what the command has claimed. @throws walmgr::error  likewise
void release_promotion(config const& settings, walmgr::timeline tli, walmgr::journal const& log);

/// Makes sure that nobody else has promoted a standby at the end of a timeline, and that nobody will before this
/// command gives its claim back. One repository is enough where the others do not answer: whoever promotes has claimed
/// it in each of them before, and where the claim is this command's it is nobody else's. In a dry run claims are only
/// looked for. @throws walmgr::error  negative, where somebody else has; what all say, where none answers
void keep_from_promotion(config const& settings, walmgr::timeline tli, walmgr::journal& log, bool dry_run);

/// Gives back what the command has claimed. @return what those say that could not be asked, and may have it still
std::vector<std::string> release_where_possible(config const& settings, walmgr::timeline tli,
                                                walmgr::journal const& log);

}  // namespace walmgr_app
