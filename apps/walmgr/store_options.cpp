#include "store_options.hpp"

#include <walmgr/command_line.hpp>

#include <chrono>
#include <string>

namespace walmgr_app {
store_options read_store_options(pgq::ini_section const& section) {
    constexpr int usual_patience = 60;
    constexpr int most_patience = 3600;
    store_options read;
    read.ssh.patience = std::chrono::seconds{section.number("store_timeout", usual_patience, 1, most_patience)};
    try {
        read.ssh.program = walmgr::split_command(section.text("ssh_command", "ssh"));
    } catch (walmgr::error const& problem) {
        section.refuse("ssh_command", std::string{"is wrong: "} + problem.what());
    }
    if (read.ssh.program.empty()) section.refuse("ssh_command", "names no program");
    read.ssh.walmgr = section.text("ssh_walmgr", read.ssh.walmgr);
    if (read.ssh.walmgr.empty()) section.refuse("ssh_walmgr", "names no program");
    return read;
}

}  // namespace walmgr_app
