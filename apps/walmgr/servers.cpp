#include "servers.hpp"

#include <pgq/libpq/conninfo.hpp>

#include <walmgr/command_line.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <string_view>

namespace walmgr_app {
namespace {

struct old_key {
    std::string_view name;
    std::string_view today;
};

/// Keys of the original, and what to do instead.
constexpr std::array old_keys{
    old_key{"slave", "the repository is walmgr_data, and the standby is reached by slave_db"},
    old_key{"slave_config", "both servers and the repository are in one configuration, a copy of it on each machine"},
    old_key{"slave_config_dir", "a backup has the configuration files that lie in the data folder"},
    old_key{"slave_pg_xlog", "give initdb's or restore's folder a link named pg_wal"},
    old_key{"completed_wals", "the repository is walmgr_data"},
    old_key{"full_backup", "the repository is walmgr_data"},
    old_key{"config_backup", "the repository is walmgr_data"},
    old_key{"use_xlog_functions", "what is not archived yet is kept by: walmgr CONFIG receive"},
    old_key{"compression", "write wal_compression"},
    old_key{"keep_symlinks", "tablespaces are always kept"},
    old_key{"hot_standby", "wal_level is always replica, and a standby always answers"},
    old_key{"backup_datadir", "a restore never removes a data folder that is in use"},
    old_key{"archive_command", "nothing is run before a backup is removed"},
    old_key{"master_config", "settings are changed by ALTER SYSTEM"},
    old_key{"job_name", "the cluster's name is the key cluster"},
    old_key{"use_skylog", "messages go to standard error"},
    old_key{"logfile", "messages go to standard error, and those of the agent to agent_log"},
    old_key{"pidfile", "write agent_pidfile; nothing else runs in the background"},
    old_key{"loop_delay", "nothing is polled"},
    old_key{"exception_sleep", "a lost connection is made again after 0.1 to 20 seconds"},
    old_key{"exception_grace", "a lost connection is made again after 0.1 to 20 seconds"},
    old_key{"exception_reset", "a lost connection is made again after 0.1 to 20 seconds"},
};

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

servers read_servers(pgq::ini_section& section, std::string const& path, std::string const& cluster) {
    for (auto const& old : old_keys) {
        if (section.find(old.name)) section.refuse(old.name, "is not read any more: " + std::string{old.today});
    }
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
    auto const master_db = section.text("master_db", "dbname=template1");
    read.master = {.name = "the master",
                   .db = master_db,
                   .data = folder(section, "master_data"),
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
                  .programs = folder(section, "slave_bin"),
                  .followed_by = or_else(section.text("slave_conninfo", ""), slave_db),
                  .start_command = command(section, "slave_start_cmd"),
                  .stop_command = command(section, "slave_stop_cmd"),
                  .slot = slot,
                  .log = read.state_dir + '/' + cluster + "-slave.log"};
    return read;
}

}  // namespace walmgr_app
