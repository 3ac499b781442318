/// The configuration of pgqd: what its file may say, and what that means.
#pragma once

#include <common/keys.hpp>
#include <pgq/policy/wakeup.hpp>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace pgqd {

/// In the order of the sample. The first fourteen are those of the original program.
inline constexpr std::array keys{
    apps::key{"logfile", "", "file to log to, besides the console"},
    apps::key{"pidfile", "", "file with the number of the process; needed by -d, -s, -k and -r"},
    apps::key{"base_connstr", "", "how to connect: a connection string without dbname"},
    apps::key{"initial_database", "template1", "database to ask for the others"},
    apps::key{"database_list", "", "databases to work on, with commas between; empty: all that have PgQ"},
    apps::key{"syslog", "1", "whether to log to the system's log"},
    apps::key{"syslog_ident", "pgqd", "name in the system's log"},
    apps::key{"syslog_facility", "daemon", "facility in the system's log"},
    apps::key{"check_period", "60", "seconds between two looks for new databases"},
    apps::key{"retry_period", "30", "seconds between two moves of events that are due for retry"},
    apps::key{"maint_period", "120", "seconds between two rounds of maintenance"},
    apps::key{"ticker_period", "1", "seconds between two passes over all queues"},
    apps::key{"stats_period", "30", "seconds between two lines about what was done"},
    apps::key{"connection_lifetime", "3600", "seconds after which the ticker connects anew"},
    apps::key{"connect_timeout", "10", "seconds that connecting may take"},
    apps::key{"query_timeout", "30", "seconds that a tick may take before it is cancelled"},
    apps::key{"wakeup_period", "0.001", "least seconds between two looks for new events; 0: passes only"},
    apps::key{"wakeup_idle_period", "0.005", "seconds between two looks while no events come"},
    apps::key{"wakeup_spacing", "0.004", "least seconds between two ticks of one queue"},
    apps::key{"prepare_statements", "1", "whether to prepare statements; 0 behind a pooler by transaction"},
};

struct config {
    std::string logfile{};
    std::string pidfile{};
    std::string base_connstr{};
    std::string initial_database{};
    std::vector<std::string> database_list{};
    bool syslog = true;
    std::string syslog_ident{};
    int syslog_facility = 0;
    std::chrono::milliseconds check_period{};
    std::chrono::milliseconds retry_period{};
    std::chrono::milliseconds maint_period{};
    std::chrono::milliseconds ticker_period{};
    std::chrono::milliseconds stats_period{};
    std::chrono::milliseconds connection_lifetime{};
    std::chrono::milliseconds connect_timeout{};
    std::chrono::milliseconds query_timeout{};
    pgq::wakeup_options wakeup{};
    bool prepare_statements = true;

    /// Connection string for one database of the server.
    [[nodiscard]] std::string conninfo(std::string const& database) const;

    friend bool operator==(config const&, config const&) = default;
};

/// Reads the file whole. @throws pgq::usage_error with file and line for whatever is wrong in it
config read_config(std::string const& path);

/// A file with every key, its default and what it is for.
std::string sample_config();

}  // namespace pgqd
