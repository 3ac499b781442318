/// Reading small files of a server's machine through a session. For superusers, and for members of pg_read_server_files
/// with the right to execute the functions that are called.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <walmgr/sql/hex_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace walmgr::sql {

/// The first `most` bytes of a file; nothing when there is none. @throws pgq::sql_error
std::optional<std::string> read_server_file(pgq::transport auto& db, std::string const& path, std::int64_t most) {
    auto const rows = pgq::query(db, "select encode(pg_read_binary_file($1, 0, $2, true), 'hex')", path, most);
    auto const digits = pgq::value_of<std::optional<std::string>>(rows, 0, 0);
    if (!digits) return std::nullopt;
    return bytes_of_hex(*digits);
}

/// The names in a folder, sorted; none when there is no such folder. @throws pgq::sql_error
std::vector<std::string> names_in_server_folder(pgq::transport auto& db, std::string const& path) {
    auto const rows =
        pgq::query(db, R"(select name from pg_ls_dir($1, true, false) name order by name collate "C")", path);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < rows.size(); ++i)
        names.push_back(pgq::value_of<std::string>(rows, i, 0));
    return names;
}

}  // namespace walmgr::sql
