/// What a running server says of its cluster.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <walmgr/cluster.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

namespace walmgr {

/// The cluster behind a session, under the name that a repository is to keep it by.
/// @throws pgq::sql_error; error  identity, for a server whose segments have a length that is not known
cluster identify_cluster(pgq::transport auto& db, std::string name) {
    auto const rows = pgq::query(
        db, "select system_identifier::text, (select setting from pg_settings where name = 'wal_segment_size'), "
            "current_setting('server_version_num')::int / 10000, current_setting('wal_block_size')::int "
            "from pg_control_system()");
    // A system id fills 64 bits without sign.
    auto const id = pgq::value_of<std::string>(rows, 0, 0);
    std::uint64_t system_id = 0;
    std::from_chars(id.data(), id.data() + id.size(), system_id);
    auto const bytes = pgq::value_of<std::int64_t>(rows, 0, 1);
    auto const size = valid_segment_size(static_cast<std::uint64_t>(bytes));
    if (!size) throw error{fault::identity, "the server's segments have " + std::to_string(bytes) + " bytes"};
    return {.name = std::move(name),
            .system_id = system_id,
            .size = *size,
            .history = 1,
            .version = pgq::value_of<std::int32_t>(rows, 0, 2),
            .page_size = static_cast<std::uint32_t>(pgq::value_of<std::int32_t>(rows, 0, 3))};
}

}  // namespace walmgr
