#include "store_options.hpp"

#include <walmgr/command_line.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace walmgr_app {
namespace {

std::string rooted_path(pgq::ini_section const& section, std::string_view key) {
    auto path = section.path(key);
    if (!path.empty() && path.front() != '/')
        section.refuse(key, "must begin with a slash: a server works in its own folder");
    return path;
}

void read_s3(store_options& read, pgq::ini_section const& section) {
    read.s3.patience = read.ssh.patience;
    read.s3.endpoint = section.text("s3_endpoint", "");
    read.s3.region = section.text("s3_region", read.s3.region);
    if (read.s3.region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
        section.refuse("s3_region", "is no name of a region: \"" + read.s3.region + '"');
    auto const style = section.text("s3_style", "virtual");
    if (style != "virtual" && style != "path")
        section.refuse("s3_style", "is neither virtual nor path: \"" + style + '"');
    read.s3.path_style = style == "path";
    auto const first = section.text("s3_first_wins", "server");
    if (first != "server" && first != "looking")
        section.refuse("s3_first_wins", "is neither server nor looking: \"" + first + '"');
    read.s3.conditional = first == "server";
    read.s3.ca_file = rooted_path(section, "s3_ca_file");
    read.s3_credentials = rooted_path(section, "s3_credentials_file");
    read.s3_profile = section.text("s3_profile", "default");
    try {
        walmgr::detail::endpoint_of(read.s3);
    } catch (walmgr::error const& problem) {
        section.refuse("s3_endpoint", std::string{"is wrong: "} + problem.what());
    }
}

}  // namespace

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
    read_s3(read, section);
    read.encryption_keys = rooted_path(section, "encryption_key_file");
    return read;
}

}  // namespace walmgr_app
