/// How others run this program.
#pragma once

#include "config.hpp"

#include <string>
#include <string_view>

namespace walmgr_app {

/// The file of this program. @throws walmgr::error  unavailable
std::string program_path();

/// A command for archive_command or restore_command that runs this program with this configuration.
std::string command_of_server(config const& settings, std::string_view arguments);

/// Whether a command runs this program with this configuration and these arguments, however it is written.
bool is_command_of_server(config const& settings, std::string_view command, std::string_view arguments);

}  // namespace walmgr_app
