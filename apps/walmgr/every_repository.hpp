/// What must be known to each repository that the configuration names, or to none: who gives a timeline up and who
/// promotes at its end.
#pragma once

#include "config.hpp"

#include <walmgr/repositories.hpp>

#include <functional>
#include <string>
#include <vector>

namespace walmgr_app {

/// Does `work(repository const&)` in each, when each has answered: nothing is done anywhere while one is away.
/// @throws walmgr::error  what those say that fail, and what to do then
void in_every_repository(config const& settings, std::function<void(walmgr::repository const&)> const& work);

/// All of them, opened. @throws walmgr::error  likewise
std::vector<walmgr::repository> every_repository(config const& settings);

/// Throws all of `failures`, and what to do where a repository is lost for good. There must be one at least.
[[noreturn]] void refuse_without(config const& settings, std::vector<walmgr::repository_failure> const& failures);

/// What to do about a repository that fails, for the end of a message; empty where there is only one.
std::string advice_on_lost(config const& settings);

}  // namespace walmgr_app
