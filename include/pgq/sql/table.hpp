/// The columns of a table, as the catalogue of the database has them. Needs no PgQ.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/codec/bool.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgq::sql {

/// One column. A domain counts as the type that it stands for, with its NOT NULL.
struct table_column {
    std::string name{};
    std::string shown{};  ///< the type as the server shows it: `character varying(10)`
    std::string type{};   ///< its name in pg_type, or that of an array's elements; empty outside of pg_catalog
    bool array = false;
    bool nullable = true;
    std::vector<std::string> labels{};  ///< of an enum type, or of an array's elements
};

/// In the table's order; none when there is no such table. `table` is schema.name, unquoted, as triggers write it.
std::vector<table_column> table_columns(transport auto& db, std::string_view table) {
    auto const rows = query(
        db,
        "select a.attname::text, format_type(a.atttypid, a.atttypmod),"
        " case when item.typnamespace = 'pg_catalog'::regnamespace then item.typname::text else '' end,"
        " whole.is_array, not (a.attnotnull or whole.required),"
        " array(select e.enumlabel::text from pg_enum e where e.enumtypid = item.oid order by e.enumsortorder) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "cross join lateral ("
        "with recursive up as ("
        "select t.oid, t.typtype, t.typbasetype, t.typcategory, t.typelem, t.typnotnull as required, false as is_array"
        " from pg_type t where t.oid = a.atttypid "
        "union all "
        "select t.oid, t.typtype, t.typbasetype, t.typcategory, t.typelem,"
        " up.required or (t.typnotnull and not up.is_array), up.is_array or up.typtype <> 'd'"
        " from up join pg_type t on t.oid = case when up.typtype = 'd' then up.typbasetype"
        " when up.typcategory = 'A' and not up.is_array then up.typelem end) "
        "select oid, required, is_array from up"
        " where typtype <> 'd' and (is_array or typcategory <> 'A')) whole "
        "join pg_type item on item.oid = whole.oid "
        "where n.nspname || '.' || c.relname = $1 and c.relkind in ('r', 'p', 'f', 'v', 'm') "
        "order by a.attnum",
        table);
    std::vector<table_column> columns;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        columns.push_back({.name = value_of<std::string>(rows, row, 0),
                           .shown = value_of<std::string>(rows, row, 1),
                           .type = value_of<std::string>(rows, row, 2),
                           .array = value_of<bool>(rows, row, 3),
                           .nullable = value_of<bool>(rows, row, 4),
                           .labels = value_of<std::vector<std::string>>(rows, row, 5)});
    }
    return columns;
}

}  // namespace pgq::sql
