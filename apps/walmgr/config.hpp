/// The configuration of walmgr.
#pragma once

#include "agent_keys.hpp"
#include "receiving.hpp"
#include "servers.hpp"
#include "store_options.hpp"

#include <common/keys.hpp>

#include <walmgr/backup/retention_rules.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/codec/zstd.hpp>
#include <walmgr/pressure/rule.hpp>
#include <walmgr/repositories.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace walmgr_app {

using any_codec = std::variant<walmgr::stored, walmgr::lz4, walmgr::zstd>;

/// Where the files of a backup come from.
enum class backup_origin {
    stream,  ///< the server sends them
    files,   ///< they are read from its folder, which is on this machine
};

/// Which server they are of.
enum class backup_of {
    primary,
    standby,
    prefer_standby,  ///< the primary, where there is no standby
};

/// How backups are taken, and how many are kept.
struct backup_keys {
    backup_origin from{};
    backup_of of{};
    std::vector<std::string> into{};  ///< locations of the repositories that get one each
    std::uint64_t max_rate = 0;
    std::chrono::seconds wal_timeout{};
    unsigned workers = 0;
    walmgr::retention keep{};
};

struct config {
    std::string path{};                      ///< of the file itself, from the root
    std::string master_db{};                 ///< the primary as it was set up; see primary_of()
    std::vector<std::string> walmgr_data{};  ///< locations of repositories
    walmgr::quorum wal_copies{};
    std::string cluster{};
    any_codec pack{};
    servers nodes{};
    receiving receive{};
    store_options stores{};
    backup_keys backup{};
    agent_keys agent{};
    walmgr::pressure_rule pressure{};
};

inline constexpr std::array keys{
    apps::key{"master_db", "dbname=template1", "connection string of the primary, as it was set up"},
    apps::key{"walmgr_data", "",
              "the repository: a folder, ssh://[user@]host[:port]/folder, sftp://..., s3://bucket[/prefix]; several "
              "with commas between"},
    apps::key{"wal_copies", "all", "how many repositories must have a file before it counts as archived"},
    apps::key{"cluster", "main", "name of the cluster in the repository"},
    apps::key{"wal_compression", "zstd", "how segments are packed: none, lz4 or zstd"},
    apps::key{"wal_compression_level", "", "1 to 19 for zstd, 0 to 12 for lz4; empty for the fastest"},
    apps::key{"master_data", "", "data folder of the primary"},
    apps::key{"master_config", "",
              "postgresql.conf of the primary; empty: as it was started last, else in its data folder"},
    apps::key{"master_machine", "",
              "where the primary lives: ssh://[user@]host[:port]/path/of/the/configuration/there; empty: here"},
    apps::key{"master_bin", "", "folder of PostgreSQL's programs at the primary; empty: as PATH has them"},
    apps::key{"master_restart_cmd", "", "restarts the primary where a setting needs it; no shell"},
    apps::key{"master_start_cmd", "", "starts the primary; empty: pg_ctl"},
    apps::key{"master_stop_cmd", "", "stops the primary in order; empty: pg_ctl"},
    apps::key{"primary_conninfo", "", "how a standby reaches the primary; empty: by master_db"},
    apps::key{"slave_db", "", "connection string of the standby; asked instead while it is the primary"},
    apps::key{"slave_data", "", "data folder of the standby"},
    apps::key{"slave_config_dir", "",
              "folder of the standby's postgresql.conf; empty: as it was started last, else its data folder"},
    apps::key{"slave_machine", "", "where the standby lives, likewise; empty: here"},
    apps::key{"slave_bin", "", "folder of PostgreSQL's programs at the standby; empty: as PATH has them"},
    apps::key{"slave_start_cmd", "", "starts the standby; empty: pg_ctl"},
    apps::key{"slave_stop_cmd", "", "stops the standby in order; empty: pg_ctl"},
    apps::key{"slave_conninfo", "", "how others follow the standby once it is the primary; empty: by slave_db"},
    apps::key{"fence_cmd", "", "ends with 0 when an old primary takes no more writes, for boot"},
    apps::key{"standby_slot", "", "replication slot by which a primary keeps the log for its standby; empty for none"},
    apps::key{"periodic_command", "", "what periodic runs; empty: backup, expire and check"},
    apps::key{"command_interval", "0", "seconds that must have passed before periodic does something again"},
    apps::key{"state_dir", "", "where commands of many steps keep their journals; empty: beside this file"},
    apps::key{"partial_wals", "", "folder to receive the log into, which must exist"},
    apps::key{"slot", "walmgr", "replication slot of receive; empty for none"},
    apps::key{"application_name", "walmgr", "what receive calls itself, for synchronous_standby_names"},
    apps::key{"flush", "every", "when receive makes durable what came: segment, every or synchronous"},
    apps::key{"flush_bytes", "4194304", "at the latest after so many bytes"},
    apps::key{"flush_delay", "0.2", "for every: at the latest after so many seconds"},
    apps::key{"status_interval", "10", "at the latest after so many seconds receive tells the server how far it is"},
    apps::key{"store_timeout", "60", "seconds that a repository elsewhere may keep silent"},
    apps::key{"ssh_command", "ssh", "reaches other machines: the program, and arguments such as -i FILE"},
    apps::key{"ssh_walmgr", "walmgr", "this program on another machine that ssh reaches"},
    apps::key{"s3_endpoint", "", "for s3://: http[s]://host[:port] of the server; empty for Amazon's of the region"},
    apps::key{"s3_region", "us-east-1", "for s3://: the region of the bucket"},
    apps::key{"s3_style", "virtual", "for s3://: virtual, the bucket in the host's name, or path"},
    apps::key{"s3_credentials_file", "",
              "for s3://: a file with keys as Amazon's programs have it; empty: environment"},
    apps::key{"s3_profile", "default", "for s3://: the section of s3_credentials_file"},
    apps::key{"s3_ca_file", "", "for s3://: certificates that are trusted; empty for those of the system"},
    apps::key{"s3_first_wins", "server", "for s3://: who keeps objects from being replaced: server, or looking"},
    apps::key{"encryption_key_file", "",
              "encrypts what is stored by the key in this file; make one: openssl rand -hex 32"},
    apps::key{"on_pressure", "block",
              "what becomes of a file that cannot be archived while the server's disk fills: block, alarm or drop"},
    apps::key{"pressure_free_bytes", "0", "that is so when the disk of pg_wal has less free; 0 for no such rule"},
    apps::key{"pressure_backlog", "0", "that is so when more files wait to be archived; 0 for no such rule"},
    apps::key{"pressure_patience", "10", "seconds that a repository may then be silent"},
    apps::key{"agent_socket", "", "where the agent listens, and xarchive and xrestore ask it; empty for no agent"},
    apps::key{"agent_workers", "2", "threads of the agent that archive ahead, and as many that fetch"},
    apps::key{"agent_ahead", "16", "segments that the agent archives before they are asked for"},
    apps::key{"agent_spool", "", "folder to fetch segments into before recovery asks; empty: none are"},
    apps::key{"agent_spool_bytes", "268435456", "so much is in it at most, or one segment"},
    apps::key{"agent_idle", "0", "seconds without a request after which the agent ends; 0 for never"},
    apps::key{"agent_pidfile", "", "names the process of the agent"},
    apps::key{"agent_log", "", "file for what the agent says, besides standard error"},
    apps::key{"backup_source", "stream", "stream: the server sends it; files: read from its folder on this machine"},
    apps::key{"backup_from", "primary",
              "the server that a backup is taken of: primary, standby, or prefer-standby: the primary without one"},
    apps::key{"backup_repository", "1",
              "which of walmgr_data get backups, one each: numbers or locations with commas between, or all"},
    apps::key{"backup_max_rate", "0", "kB/s that a backup takes of the server at most, 32 to 1048576; 0 for no limit"},
    apps::key{"backup_wal_timeout", "600", "seconds that a backup waits for its log to be archived"},
    apps::key{"backup_workers", "2", "threads that pack a backup, and with files read it; up to 64 MiB each"},
    apps::key{"keep_backups", "0", "expire keeps so many full backups; 0 for no such rule"},
    apps::key{"keep_days", "0", "expire keeps what restores any moment of so many days; 0 for no such rule"},
    apps::key{"keep_minimum", "1", "expire leaves so many full backups, whatever the other rules say"},
};

/// How much of a configuration is proved: what connects to servers is for the commands that do.
enum class proved { all, but_connections };

/// @throws pgq::usage_error  that names file and line
config read_config(std::string const& path, proved how = proved::all);

/// A configuration with every key and what it is for.
std::string sample_config();

}  // namespace walmgr_app
