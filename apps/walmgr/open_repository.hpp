/// The repository that the configuration names.
#pragma once

#include "config.hpp"

#include <walmgr/cluster.hpp>
#include <walmgr/store/any.hpp>

#include <string>

namespace walmgr_app {

/// Opens the store of one location, see <walmgr/location.hpp>. @throws walmgr::error  configuration and unavailable
walmgr::any_store open_location(config const& settings, std::string const& text);

/// Opens it. @throws walmgr::error  unavailable
walmgr::any_store open_repository(config const& settings);

/// The cluster of the configuration as the repository knows it. @throws walmgr::error  configuration, when it does not
walmgr::cluster known_cluster(config const& settings, walmgr::any_store const& where);

}  // namespace walmgr_app
