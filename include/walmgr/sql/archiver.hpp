/// What a server says of its archiving.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace walmgr::sql {

/// State of the archiver.
struct archiver_state {
    std::optional<std::string> last_archived{};  ///< name of a file
    std::optional<std::string> last_failed{};    ///< name of a file
    std::optional<std::string> failed_at{};      ///< as the server writes a time
    bool failing = false;                        ///< the last attempt failed
};

/// @throws pgq::sql_error
archiver_state read_archiver_state(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select last_archived_wal, last_failed_wal, last_failed_time::text, "
            "coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) from pg_stat_archiver");
    return {.last_archived = pgq::value_of<std::optional<std::string>>(rows, 0, 0),
            .last_failed = pgq::value_of<std::optional<std::string>>(rows, 0, 1),
            .failed_at = pgq::value_of<std::optional<std::string>>(rows, 0, 2),
            .failing = pgq::value_of<bool>(rows, 0, 3)};
}

/// How many files wait to be archived. For superusers and members of pg_monitor.
std::int64_t archive_backlog(pgq::transport auto& db) {
    return pgq::value_of<std::int64_t>(
        pgq::query(db, "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'"), 0, 0);
}

/// How far a server's archiver is, by the server's clock, in seconds since 1970.
struct archiver_reading {
    std::int64_t archived = 0;               ///< files, since the statistics began
    std::string since{};                     ///< when that was; empty for always
    std::optional<std::string> last{};       ///< the file that was archived last
    std::optional<double> last_at{};         ///< when that was
    std::optional<std::int64_t> waiting{};   ///< files that wait; nothing when we may not ask
    std::optional<double> oldest{};          ///< when the first of them came to wait, to the second below
    std::optional<std::uint64_t> written{};  ///< position of a primary's log
    double at = 0;                           ///< when this was read
};

/// @throws pgq::sql_error
archiver_reading read_archiver(pgq::transport auto& db) {
    auto const rows = pgq::query(
        db, "select archived_count, coalesce(stats_reset::text, ''), last_archived_wal, "
            "extract(epoch from last_archived_time)::float8, extract(epoch from clock_timestamp())::float8, "
            "case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8 end, "
            // An error would be in the server's log each time. Before version 12 there is no such function.
            "coalesce((select has_function_privilege(oid, 'execute') from pg_proc where pronargs = 0 and "
            "proname = 'pg_ls_archive_statusdir' and pronamespace = 'pg_catalog'::regnamespace), false) "
            "from pg_stat_archiver");
    archiver_reading now{.archived = pgq::value_of<std::int64_t>(rows, 0, 0),
                         .since = pgq::value_of<std::string>(rows, 0, 1),
                         .last = pgq::value_of<std::optional<std::string>>(rows, 0, 2),
                         .last_at = pgq::value_of<std::optional<double>>(rows, 0, 3),
                         .waiting = {},
                         .at = pgq::value_of<double>(rows, 0, 4)};
    if (auto const written = pgq::value_of<std::optional<std::int64_t>>(rows, 0, 5))
        now.written = static_cast<std::uint64_t>(*written);
    if (!pgq::value_of<bool>(rows, 0, 6)) return now;
    auto const ready = pgq::query(db, "select count(*), extract(epoch from min(modification))::float8 "
                                      "from pg_ls_archive_statusdir() where name like '%.ready'");
    now.waiting = pgq::value_of<std::int64_t>(ready, 0, 0);
    now.oldest = pgq::value_of<std::optional<double>>(ready, 0, 1);
    return now;
}

/// The file of the write-ahead log that a primary writes its next byte to.
std::string current_wal_file(pgq::transport auto& db) {
    return pgq::value_of<std::string>(pgq::query(db, "select pg_walfile_name(pg_current_wal_lsn() + 1)"), 0, 0);
}

}  // namespace walmgr::sql
