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

/// The file of the write-ahead log that a primary writes its next byte to.
std::string current_wal_file(pgq::transport auto& db) {
    return pgq::value_of<std::string>(pgq::query(db, "select pg_walfile_name(pg_current_wal_lsn() + 1)"), 0, 0);
}

}  // namespace walmgr::sql
