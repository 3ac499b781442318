// What a trigger needs to know of its table: names as they are written into events, columns, and which of them make the
// key.
#pragma once

#include "trigger_args.hpp"
#include "value_text.hpp"

#include <string_view>

namespace pgq::server {

struct column {
    int index;  ///< in the row, from 0
    Oid type;
    int16 length;
    bool by_value;
    Oid collation;
    Oid equality;       ///< operator function, or InvalidOid: compare texts
    FmgrInfo* compare;  ///< of `equality`
    value_output output;

    bool key;
    bool data;             ///< goes into the row's data
    bool ignored;          ///< its change alone emits nothing
    bool generated;        ///< computed by the table from other columns: a replica computes its own
    bool always_identity;  ///< takes a value from outside only with OVERRIDING SYSTEM VALUE
    int magic;             ///< the field that a `_pgq_ev_*` column sets, or -1

    std::string_view name;
    std::string_view url_name;   ///< encoded
    std::string_view sql_name;   ///< quoted where needed
    std::string_view json_name;  ///< quoted, with the colon
};

struct table_info {
    std::string_view name;        ///< schema.table
    std::string_view json_table;  ///< ["schema","table"]
    std::string_view key_list;    ///< as after I: in ev_type
    std::string_view json_key;    ///< as after "pkey":
    bool has_key;                 ///< some key is named, be it of columns that do not exist
    bool reads_settings;          ///< some column must be rendered under with_fixed_output
    bool always_identity;         ///< some column in the data is
    int attributes;
    int columns;
    column* column_list;  ///< live columns in attribute order, magic ones included
    Oid owner;
    int related;  ///< the table and, with publish_root, its ancestors: a change of one makes this stale
    Oid* related_list;
};

/// Memory comes from the current context. Errors: `Unknown magic column: <name>`, those of attkind.
table_info describe_table(Relation rel, trigger_args const& args);

}  // namespace pgq::server
