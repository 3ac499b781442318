/// Where the servers of the configuration live.
#pragma once

#include "config.hpp"

#include <walmgr/failover/any_machine.hpp>
#include <walmgr/journal.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace walmgr_app {

/// Whose cluster an earlier run has found it to be; 0 where it has noted none.
std::uint64_t noted_system(walmgr::journal const& log);

/// What both machines' configurations must have in common, and whose cluster is meant where that is known.
walmgr::machine_request meant(config const& settings, std::uint64_t system_id = 0);

/// What can be done here with a server that lives here.
walmgr::machine_settings machine_settings_of(config const& settings, walmgr::node const& of);

/// The machine of a node. `patience`: how long it may take to reach it, at most store_timeout.
walmgr::any_machine machine_of(config const& settings, walmgr::node const& of, std::uint64_t system_id = 0,
                               std::chrono::seconds patience = std::chrono::hours{1});

/// The archive_command of a server, with the program and the configuration of its machine.
std::string archive_command_at(config const& settings, walmgr::node const& of);

/// Whether a server's archive_command brings its log where this configuration says.
bool archives_here(config const& settings, walmgr::node const& of, std::string const& command);

}  // namespace walmgr_app
