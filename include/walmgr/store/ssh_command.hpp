/// How another machine is reached: the command line of ssh.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/location.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace walmgr {

/// Settings of stores behind ssh.
struct ssh_options {
    std::vector<std::string> program{"ssh"};    ///< and its own arguments, such as -i FILE
    std::string walmgr = "walmgr";              ///< this program on the other machine: a command of its shell
    std::chrono::milliseconds patience{60000};  ///< how long a wait may last without a byte going either way
};

namespace detail {

/// Everything in front of what is to be run there. Never asks anybody anything, and takes no host that is not known,
/// whatever ssh's own configuration says: the first of two settings counts.
inline std::vector<std::string> ssh_command(location const& to, ssh_options const& by) {
    if (by.program.empty()) throw error{fault::configuration, "no program is named to reach " + to_string(to)};
    auto command = by.program;
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(by.patience).count();
    std::vector<std::string> const ours{"-T",
                                        "-x",
                                        "-a",
                                        "-oBatchMode=yes",
                                        "-oStrictHostKeyChecking=yes",
                                        "-oClearAllForwardings=yes",
                                        "-oServerAliveInterval=15",
                                        "-oServerAliveCountMax=4",
                                        "-oConnectTimeout=" + std::to_string(seconds < 1 ? 1 : seconds)};
    command.insert(command.begin() + 1, ours.begin(), ours.end());
    if (to.port != 0) command.insert(command.end(), {"-p", std::to_string(to.port)});
    if (!to.user.empty()) command.insert(command.end(), {"-l", to.user});
    return command;
}

}  // namespace detail
}  // namespace walmgr
