#include "servers.hpp"

#include <pgq/libpq/conninfo.hpp>

#include <pwd.h>
#include <unistd.h>
#include <walmgr/command_line.hpp>
#include <walmgr/host_name.hpp>
#include <walmgr/location.hpp>

#include <chrono>
#include <filesystem>
#include <string_view>

namespace walmgr_app {
namespace {

std::vector<std::string> command(pgq::ini_section const& section, std::string_view key) {
    try {
        return walmgr::split_command(section.text(key, ""));
    } catch (walmgr::error const& problem) { section.refuse(key, std::string{"is wrong: "} + problem.what()); }
}

std::string or_else(std::string text, std::string const& other) {
    return text.empty() ? other : text;
}

/// Where a server lives, unless that is here: one file serves on all machines.
walmgr::location machine(pgq::ini_section const& section, std::string_view key) {
    auto const text = section.text(key, "");
    if (text.empty()) return {};
    walmgr::location read;
    try {
        read = walmgr::parse_location(text);
    } catch (walmgr::error const& problem) { section.refuse(key, std::string{"is wrong: "} + problem.what()); }
    if (read.by != walmgr::reached_by::ssh)
        section.refuse(key, "is no ssh://[user@]host[:port]/path, the path of the configuration there");
    bool const ours = read.port == 0 && read.host == walmgr::host_name();
    auto const* const account = ours && !read.user.empty() ? ::getpwuid(::geteuid()) : nullptr;
    return ours && (read.user.empty() || (account != nullptr && read.user == account->pw_name)) ? walmgr::location{}
                                                                                                : read;
}

std::string folder(pgq::ini_section const& section, std::string_view key) {
    auto path = section.path(key);
    if (!path.empty() && path.front() != '/') section.refuse(key, "must begin with a slash");
    return path;
}

}  // namespace

void prove_connections(pgq::ini_section const& section) {
    for (auto const* const key : {"master_db", "primary_conninfo", "slave_db", "slave_conninfo"}) {
        try {
            pgq::libpq::parse_conninfo(section.text(key, ""));
        } catch (pgq::usage_error const& problem) { section.refuse(key, std::string{"is wrong: "} + problem.what()); }
    }
}

servers read_servers(pgq::ini_section const& section, std::string const& path, std::string const& cluster) {
    servers read;
    read.state_dir = folder(section, "state_dir");
    if (read.state_dir.empty()) read.state_dir = std::filesystem::absolute(path).parent_path().string();
    read.restart_command = command(section, "master_restart_cmd");
    read.fence_command = command(section, "fence_cmd");
    read.periodic_command = command(section, "periodic_command");
    read.command_interval = std::chrono::seconds{section.number("command_interval", 0, 0, 366 * 86'400)};

    auto const slot = section.text("standby_slot", "");
    bool const plain = slot.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!plain || slot.size() > 63) section.refuse("standby_slot", "is no name of a replication slot: \"" + slot + '"');
    auto const config_folder = folder(section, "slave_config_dir");
    auto const master_db = section.text("master_db", "dbname=template1");
    read.master = {.name = "the master",
                   .db = master_db,
                   .data = folder(section, "master_data"),
                   .config = folder(section, "master_config"),
                   .machine = machine(section, "master_machine"),
                   .programs = folder(section, "master_bin"),
                   .followed_by = or_else(section.text("primary_conninfo", ""), master_db),
                   .start_command = command(section, "master_start_cmd"),
                   .stop_command = command(section, "master_stop_cmd"),
                   .slot = slot,
                   .log = read.state_dir + '/' + cluster + "-master.log"};
    auto const slave_db = section.text("slave_db", "");
    read.slave = {.name = "the slave",
                  .named = !slave_db.empty(),
                  .db = slave_db,
                  .data = folder(section, "slave_data"),
                  .config = config_folder.empty() ? "" : config_folder + "/postgresql.conf",
                  .machine = machine(section, "slave_machine"),
                  .programs = folder(section, "slave_bin"),
                  .followed_by = or_else(section.text("slave_conninfo", ""), slave_db),
                  .start_command = command(section, "slave_start_cmd"),
                  .stop_command = command(section, "slave_stop_cmd"),
                  .slot = slot,
                  .log = read.state_dir + '/' + cluster + "-slave.log"};
    // So that no path of another machine is ever taken for one of this.
    for (auto* const one : {&read.master, &read.slave})
        if (!one->machine.host.empty()) one->data_there.swap(one->data);
    return read;
}

}  // namespace walmgr_app
