// Rows in the three encodings of events.
#pragma once

#include "table_info.hpp"

#include <pg_extension/common/text_buffer.hpp>

namespace pgq::server {

/// A row taken apart; by attribute index.
struct row_values {
    Datum* values;
    bool* nulls;
};

row_values take_apart(table_info const& info, HeapTuple tuple, TupleDesc desc);

bool same_value(column const& at, row_values const& before, row_values const& now);

enum class change : char { relevant, only_ignored, key };

/// What an UPDATE did, as far as events go.
change kind_of_change(table_info const& info, row_values const& before, row_values const& now);

/// Which columns a row shows.
enum class part : char { data, key };

/// `a=1&b` (b is null)
void append_url_row(text_buffer& out, table_info const& info, row_values const& row, part shown);

/// `{"a":1,"b":null}`
void append_json_row(text_buffer& out, table_info const& info, row_values const& row, part shown);

/// `(a,b) values ('1',null)`
void append_sql_insert(text_buffer& out, table_info const& info, row_values const& row);

/// `b='2' where a='1'`
void append_sql_update(text_buffer& out, table_info const& info, row_values const& before, row_values const& now);

/// `a='1'`. Error: `logtriga: Unexpected NULL key value`.
void append_sql_key(text_buffer& out, table_info const& info, row_values const& row);

}  // namespace pgq::server
