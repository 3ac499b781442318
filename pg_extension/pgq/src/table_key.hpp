// Which columns make the key of a table, and how the key is named in events.
#pragma once

#include "table_info.hpp"

#include <pg_extension/common/text_buffer.hpp>

namespace pgq::server {

inline text_buffer new_buffer() {
    text_buffer buffer;
    buffer.start(64);
    return buffer;
}

inline std::string_view kept(text_buffer const& buffer) {
    return buffer.view();
}

/// A name with a character that has a meaning around it is put in double quotes; any other stays bare, as clients know
/// it.
void append_name(text_buffer& out, std::string_view name, char special);

/// Marks the key columns and writes `key_list` and `json_key`: from pkey=, from the primary key or, for logtriga, from
/// attkind. Errors: `need at least one key column`, `key column does not exist`.
void find_key(table_info& info, Relation rel, trigger_args const& args);

}  // namespace pgq::server
