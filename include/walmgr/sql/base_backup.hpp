/// A base backup that somebody else than the server copies.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace walmgr::sql {

/// What of a server's folder only the server knows.
struct folder_facts {
    std::optional<std::string> data{};  ///< nothing when the role may not see it
    std::string tablespace_folder{};    ///< what this version has within a tablespace
    std::int64_t page_bytes = 0;
    std::int64_t segment_pages = 0;  ///< of each file of a relation but the last
};

/// @throws pgq::sql_error
folder_facts read_folder_facts(pgq::transport auto& db) {
    auto const rows =
        pgq::query(db, "select (select setting from pg_settings where name = 'data_directory'), "
                       "'PG_' || current_setting('server_version_num')::int / 10000 || '_' || catalog_version_no, "
                       "current_setting('block_size')::int8, "
                       "(select setting::int8 from pg_settings where name = 'segment_size') from pg_control_system()");
    return {.data = pgq::value_of<std::optional<std::string>>(rows, 0, 0),
            .tablespace_folder = pgq::value_of<std::string>(rows, 0, 1),
            .page_bytes = pgq::value_of<std::int64_t>(rows, 0, 2),
            .segment_pages = pgq::value_of<std::int64_t>(rows, 0, 3)};
}

/// Lets the server write a file that others see until the transaction ends: `pg_snapshots/NAME`. In a transaction.
/// @return its name
std::string export_snapshot(pgq::transport auto& db) {
    return pgq::value_of<std::string>(pgq::query(db, "select pg_export_snapshot()"), 0, 0);
}

/// The process that serves this session, by the numbers of the server's system.
std::int64_t backend_process(pgq::transport auto& db) {
    return pgq::value_of<std::int64_t>(pgq::query(db, "select pg_backend_pid()::int8"), 0, 0);
}

/// Lets this session live as long as a backup takes, whatever the server's limits for others are.
void lift_session_limits(pgq::transport auto& db) {
    pgq::query(db, "select set_config(name, '0', false) from (values ('statement_timeout'), ('idle_session_timeout')) "
                   "of_them (name)");
}

/// From now on until end_backup() what is copied of the folder can be recovered. Waits for a checkpoint; `fast`: at
/// once. The session has to stay. @return where the log that is needed begins
lsn begin_backup(pgq::transport auto& db, std::string const& label, bool fast) {
    auto const text =
        pgq::value_of<std::string>(pgq::query(db, "select pg_backup_start($1, $2)::text", label, fast), 0, 0);
    if (auto const at = parse_lsn(text)) return *at;
    throw error{fault::unavailable, "the server says that the backup begins at \"" + text + '"'};
}

/// How a backup ended.
struct backup_end {
    lsn stop{};
    std::string label{};           ///< the content of backup_label
    std::string tablespace_map{};  ///< likewise; empty where there is no tablespace
};

/// Does not wait for the log to be archived. @throws pgq::sql_error, when no backup is under way in this session
backup_end end_backup(pgq::transport auto& db) {
    auto const rows =
        pgq::query(db, "select lsn::text, labelfile, spcmapfile from pg_backup_stop(wait_for_archive => false)");
    auto const text = pgq::value_of<std::string>(rows, 0, 0);
    auto const at = parse_lsn(text);
    if (!at) throw error{fault::unavailable, "the server says that the backup ends at \"" + text + '"'};
    return {.stop = *at,
            .label = pgq::value_of<std::string>(rows, 0, 1),
            .tablespace_map = pgq::value_of<std::string>(rows, 0, 2)};
}

}  // namespace walmgr::sql
