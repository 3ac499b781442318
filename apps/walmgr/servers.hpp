/// What a configuration says of the two servers, and of those who drive them.
#pragma once

#include <pgq/ini_section.hpp>

#include <walmgr/node.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr_app {

/// The server that was set up as primary, and the one that was made its standby. After a failover each is the other.
struct servers {
    walmgr::node master{};
    walmgr::node slave{};
    std::vector<std::string> restart_command{};   ///< restarts the master; empty when nobody said how
    std::vector<std::string> fence_command{};     ///< makes sure that an old primary takes no more writes
    std::vector<std::string> periodic_command{};  ///< what periodic runs; empty for backup, expire and check
    std::chrono::seconds command_interval{};      ///< periodic does nothing before so much has passed
    std::string state_dir{};                      ///< where journals are kept
};

/// Refuses connection strings that cannot be read. Needs libpq. @throws pgq::usage_error
void prove_connections(pgq::ini_section const& section);

/// Reads the keys. `path` is that of the configuration. @throws pgq::usage_error, walmgr::error
servers read_servers(pgq::ini_section const& section, std::string const& path, std::string const& cluster);

}  // namespace walmgr_app
