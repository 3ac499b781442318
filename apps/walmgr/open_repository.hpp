/// The repositories that the configuration names.
#pragma once

#include "config.hpp"

#include <walmgr/cluster.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/store/any.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace walmgr_app {

/// Opens the store of one location, see <walmgr/location.hpp>. @throws walmgr::error  configuration and unavailable
walmgr::any_store open_location(config const& settings, std::string const& text);

/// All of them, for what is to be stored in each, or fetched from any; with a `system_id` as of the time when the
/// cluster had that one. `settings` must live as long.
walmgr::repositories open_repositories(config const& settings, std::optional<std::uint64_t> system_id = {});

/// The first that can be used and knows the cluster. Of those before it one line says what is wrong.
/// @throws walmgr::error  what all say, when there is none
walmgr::any_store open_repository(config const& settings);

/// The cluster of the configuration as the repository knows it. @throws walmgr::error  configuration, when it does not
walmgr::cluster known_cluster(config const& settings, walmgr::any_store const& where);

/// A line on standard error for each failure that was not in the way.
void warn_of(std::vector<walmgr::repository_failure> const& failures);

/// Does `work(location)` for each repository, one after the other and even if one fails, and says which it was.
/// @return the status of the first that failed, or 0
int in_each_repository(config const& settings, std::function<int(std::string const&)> const& work);

}  // namespace walmgr_app
