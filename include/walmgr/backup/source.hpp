/// What a server must be for a backup of it, and how its archiving does.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/error.hpp>
#include <pgq/transport.hpp>

#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/server.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace walmgr {

/// Facts that are recorded with a backup, and those that decide whether there can be one.
struct backup_source {
    int version = 0;  ///< major
    bool in_recovery = false;
    bool archives = false;    ///< archive_mode is on, for a standby always, and there is a command or a library
    bool receiver = false;    ///< a walmgr receives its log by streaming
    bool summarizes = false;  ///< summarize_wal is on
    bool checksums = false;
    std::string time_zone{};
};

/// What pg_stat_archiver says.
struct archiver_state {
    std::string last_archived{};  ///< empty when it has archived nothing yet
    std::string last_failed{};
    std::string failed_at{};
    std::int64_t failures = 0;
    bool failing = false;                   ///< the last attempt failed
    std::optional<std::int64_t> backlog{};  ///< segments that wait; nothing when we may not ask
};

/// @throws pgq::sql_error, connection_error
backup_source look_at_source(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), "
            "current_setting('archive_mode') = any (case when pg_is_in_recovery() then '{always}'::text[] "
            "else '{on,always}' end) and "
            "(current_setting('archive_command', true) not in ('', '(disabled)') or "
            "coalesce(current_setting('archive_library', true), '') <> ''), "
            "exists (select from pg_stat_replication where application_name like 'walmgr%' and state = 'streaming'), "
            "coalesce(current_setting('summarize_wal', true), 'off') = 'on', "
            "current_setting('data_checksums') = 'on', current_setting('TimeZone')");
    return {.version = pgq::value_of<int>(rows, 0, 0),
            .in_recovery = pgq::value_of<bool>(rows, 0, 1),
            .archives = pgq::value_of<bool>(rows, 0, 2),
            .receiver = pgq::value_of<bool>(rows, 0, 3),
            .summarizes = pgq::value_of<bool>(rows, 0, 4),
            .checksums = pgq::value_of<bool>(rows, 0, 5),
            .time_zone = pgq::value_of<std::string>(rows, 0, 6)};
}

/// How far archiving is. @throws pgq::sql_error, connection_error
archiver_state look_at_archiver(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select coalesce(last_archived_wal, ''), coalesce(last_failed_wal, ''), "
            "coalesce(date_trunc('second', last_failed_time)::text, ''), failed_count, "
            "coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) from pg_stat_archiver");
    archiver_state now{.last_archived = pgq::value_of<std::string>(rows, 0, 0),
                       .last_failed = pgq::value_of<std::string>(rows, 0, 1),
                       .failed_at = pgq::value_of<std::string>(rows, 0, 2),
                       .failures = pgq::value_of<std::int64_t>(rows, 0, 3),
                       .failing = pgq::value_of<bool>(rows, 0, 4),
                       .backlog = {}};
    try {
        auto const waiting = pgq::query(db, "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'");
        now.backlog = pgq::value_of<std::int64_t>(waiting, 0, 0);
    } catch (pgq::sql_error const&) {  // for members of pg_monitor only
        now.backlog.reset();
    }
    return now;
}

/// In one line, for people.
inline std::string describe(archiver_state const& now) {
    auto text = "the server has archived " + (now.last_archived.empty() ? "nothing yet" : "up to " + now.last_archived);
    if (now.backlog) text += ", " + std::to_string(*now.backlog) + (*now.backlog == 1 ? " file waits" : " files wait");
    if (now.failing) text += ", and its last attempt, for " + now.last_failed + " at " + now.failed_at + ", failed";
    return text;
}

/// Refuses a server that is not the repository's, or of which no backups are taken.
/// @throws error  configuration, for a version; identity
inline void check_identity(backup_source const& source, cluster const& served, cluster const& known) {
    if (source.version < 15)
        throw error{fault::configuration, "the server is of version " + std::to_string(source.version) +
                                              ", backups are taken of version 15 and later"};
    if (served.system_id != known.system_id || served.size != known.size)
        throw error{fault::identity, "the server has system id " + std::to_string(served.system_id) +
                                         ", the repository keeps " + std::to_string(known.system_id) + " as \"" +
                                         known.name + "\""};
}

/// Refuses a server whose log nobody stores, or whose archiving fails: a backup would wait for it in vain.
/// @throws error  configuration; unavailable, with what the archiver says
inline void check_archiving(backup_source const& source, archiver_state const& now) {
    if (!source.archives && !source.receiver)
        throw error{fault::configuration, "the server archives nothing, so that no backup would ever be whole: set "
                                          "archive_mode and archive_command, or receive its log"};
    if (now.failing)
        throw error{fault::unavailable, "the server's archiving fails: " + describe(now) +
                                            "; the server's log says why. A backup would wait for it in vain"};
}

}  // namespace walmgr
