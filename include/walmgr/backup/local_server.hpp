/// That a folder of this machine is the one that the server behind a session works in.
#pragma once

#include <pgq/transport.hpp>

#include <unistd.h>
#include <walmgr/backup/control_file.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/page_checksum.hpp>
#include <walmgr/restore/running_server.hpp>
#include <walmgr/sql/base_backup.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace walmgr {

/// A server's folder that can be read.
struct local_server {
    std::string data{};               ///< without symbolic links, and without a slash at the end
    std::string tablespace_folder{};  ///< see sql::folder_facts
};

namespace detail {

[[noreturn]] inline void not_local(std::string const& why) {
    throw error{fault::configuration, why + ": a backup by backup_source = files is taken on the server's machine, as "
                                            "the user that it runs as, and master_data names its folder; from "
                                            "elsewhere take it by backup_source = stream"};
}

/// What the server writes on request must come and go in the folder: a standby, or a copy, on this machine has the same
/// system id and the same path, and does not do that.
inline void check_server_writes_here(pgq::transactional auto& db, std::string const& data) {
    auto const process = "pid:" + std::to_string(sql::backend_process(db)) + '\n';
    std::string path;
    db.begin();
    try {
        path = data + "/pg_snapshots/" + sql::export_snapshot(db);
        auto const from = open_file(path);
        std::string text(4096, '\0');
        text.resize(from.is_open() ? from.read(0, text) : 0);
        if (text.find(process) == std::string::npos) not_local("what the server writes does not come to " + data);
    } catch (...) {
        db.rollback();
        throw;
    }
    db.rollback();
    if (::access(path.c_str(), F_OK) == 0) not_local("what the server removes does not go from " + data);
}

}  // namespace detail

/// Proves that the server of the session, whose cluster has that system id, works in a folder of this machine:
/// `configured`, or the one that it names itself when that is empty.
/// @throws error  configuration, when it does not, or nothing says so; pgq::sql_error
local_server find_local_server(pgq::transactional auto& db, std::string const& configured, std::uint64_t system_id) {
    auto const facts = sql::read_folder_facts(db);
    if (facts.page_bytes != static_cast<std::int64_t>(data_page_bytes) ||
        facts.segment_pages != std::int64_t{data_file_pages})
        throw error{fault::configuration, "the server was built with other lengths of pages or files than usual; take "
                                          "its backups by backup_source = stream"};
    auto const named = configured.empty() ? facts.data.value_or("") : configured;
    if (named.empty())
        throw error{fault::configuration, "the server does not tell this role where its folder is; set master_data"};
    std::error_code problem;
    auto const data = std::filesystem::canonical(named, problem).string();
    if (problem) detail::not_local("the server's folder " + named + " cannot be found here: " + problem.message());
    auto const control = detail::read_control_file(data);
    if (auto const found = detail::system_id_of(control); found != system_id)
        detail::not_local(data + " has system id " + std::to_string(found) + ", the server " +
                          std::to_string(system_id));
    if (!detail::process_working_in(data) || detail::pid_file_lines(data).empty())
        detail::not_local("no server's process of this machine works in " + data);
    detail::check_server_writes_here(db, data);
    return {.data = data, .tablespace_folder = facts.tablespace_folder};
}

}  // namespace walmgr
