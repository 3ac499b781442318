/// Configuration files that a server has outside of its data folder, for backup and check.
#pragma once

#include "config.hpp"

#include <walmgr/backup/config_files.hpp>

#include <functional>
#include <stop_token>
#include <string>

namespace walmgr_app {

/// Reads those that the backup with that manifest does not have anyway; nullptr for one that has the whole data folder.
/// What fails is no failure, but noted in what is found. @throws pgq::stopped
walmgr::found_config find_outside_config(config const& settings, walmgr::node const& server,
                                         std::string const* manifest, std::stop_token const& stop);

/// For a backup: finds them, and says which are missing. The arguments must live as long.
std::function<walmgr::found_config(std::string const&)>
config_finder(config const& settings, walmgr::node const& server, std::stop_token const& stop);

/// One line for people: what is missing, why, and what lets the role read it; empty when nothing is.
std::string missing_config_text(walmgr::found_config const& found, walmgr::node const& server,
                                std::stop_token const& stop);

}  // namespace walmgr_app
