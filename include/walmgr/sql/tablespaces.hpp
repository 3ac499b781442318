/// Where a server keeps what does not lie in its data folder.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace walmgr::sql {

/// One tablespace, in a folder of the server's machine.
struct tablespace {
    std::uint32_t oid = 0;
    std::string path{};
};

/// All that lie outside of the data folder. @throws pgq::sql_error
std::vector<tablespace> tablespaces(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select oid::int8, place from pg_tablespace, pg_tablespace_location(oid) place "
                                     "where place like '/%' order by oid");
    std::vector<tablespace> all;
    for (std::size_t row = 0; row < rows.size(); ++row)
        all.push_back({.oid = static_cast<std::uint32_t>(pgq::value_of<std::int64_t>(rows, row, 0)),
                       .path = pgq::value_of<std::string>(rows, row, 1)});
    return all;
}

/// Bytes in all tablespaces, those of the data folder among them. Of the server's files only its log and some small
/// ones are elsewhere; but temporary files and tables without log are counted, too. @throws pgq::sql_error
std::uint64_t data_size(pgq::transport auto& db) {
    return static_cast<std::uint64_t>(pgq::value_of<std::int64_t>(
        pgq::query(db, "select coalesce(sum(pg_tablespace_size(oid)), 0)::int8 from pg_tablespace"), 0, 0));
}

}  // namespace walmgr::sql
