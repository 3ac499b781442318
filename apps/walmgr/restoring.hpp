/// What restore and restore-test have in common.
#pragma once

#include "config.hpp"

#include <walmgr/restore/recovering_server.hpp>
#include <walmgr/restore/restore.hpp>

#include <string>
#include <string_view>

namespace walmgr_app {

/// A restore_command that runs this program with that configuration file. @throws walmgr::error  unavailable
std::string restore_command(config const& settings);

/// The folder of PostgreSQL's programs for a server of that major version: slave_bin, else where Debian has them, else
/// empty, for PATH. Where those that are there are of another version, as after an upgrade, it is refused if they are
/// `needed`, else said. @throws walmgr::error  configuration
std::string programs_for(config const& settings, int version, bool needed = true);

/// How many parts are read at once where nobody says.
unsigned usual_jobs();

/// What was restored, for people: label, position, files.
std::string shown(walmgr::restore_plan const& plan, walmgr::cluster const& of);

/// The same for programs.
void tell_plan(walmgr::restore_plan const& plan, walmgr::cluster const& of);

/// Where the server has come to, for people.
std::string reached(walmgr::recovery_outcome const& outcome);

/// The same for programs.
void tell_reached(walmgr::recovery_outcome const& outcome);

}  // namespace walmgr_app
