#include "servers.hpp"

#include <pgq/libpq/conninfo.hpp>

#include <walmgr/command_line.hpp>

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
                   .programs = folder(section, "master_bin"),
                   .followed_by = or_else(section.text("primary_conninfo", ""), master_db),
                   .start_command = command(section, "master_start_cmd"),
                   .stop_command = command(section, "master_stop_cmd"),
                   .slot = slot,
                   .log = read.state_dir + '/' + cluster + "-master.log"};
    auto const slave_db = section.text("slave_db", "");
    read.slave = {.name = "the slave",
                  .db = slave_db,
                  .data = folder(section, "slave_data"),
                  .config = config_folder.empty() ? "" : config_folder + "/postgresql.conf",
                  .programs = folder(section, "slave_bin"),
                  .followed_by = or_else(section.text("slave_conninfo", ""), slave_db),
                  .start_command = command(section, "slave_start_cmd"),
                  .stop_command = command(section, "slave_stop_cmd"),
                  .slot = slot,
                  .log = read.state_dir + '/' + cluster + "-slave.log"};
    return read;
}

}  // namespace walmgr_app
