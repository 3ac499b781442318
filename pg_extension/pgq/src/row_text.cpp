#include "row_text.hpp"

#include <pg_extension/common/encode.hpp>

namespace pgq::server {

namespace {

bool shown(column const& at, part which) {
    return which == part::data ? at.data : at.key;
}

std::string_view text_at(column const& at, row_values const& row, char* scratch) {
    return text_of(at.output, row.values[at.index], scratch);
}

void append_json_value(text_buffer& out, column const& at, row_values const& row) {
    char scratch[scratch_size];
    if (row.nulls[at.index]) {
        out.append("null");
        return;
    }
    Datum const value = row.values[at.index];
    switch (at.output.json) {
    case json_form::number:
        out.append(text_of(at.output, value, scratch));
        return;
    case json_form::boolean:
        out.append(DatumGetBool(value) ? "true" : "false");
        return;
    case json_form::iso_date:
    case json_form::plain_string:
        out.append('"');
        out.append(at.output.json == json_form::iso_date ? iso_text_of(at.output, value, scratch)
                                                         : text_of(at.output, value, scratch));
        out.append('"');
        return;
    case json_form::string:
        break;
    }
    append_json_string(out, text_of(at.output, value, scratch));
}

void append_sql_value(text_buffer& out, column const& at, row_values const& row, std::string_view null) {
    char scratch[scratch_size];
    if (row.nulls[at.index]) out.append(null);
    else append_sql_literal(out, text_at(at, row, scratch));
}

void append_assignment(text_buffer& out, column const& at, row_values const& row) {
    out.append(at.sql_name);
    out.append('=');
    append_sql_value(out, at, row, "NULL");
}

void append_key_equals(text_buffer& out, column const& at, row_values const& row) {
    if (row.nulls[at.index]) elog(ERROR, "logtriga: Unexpected NULL key value");
    append_assignment(out, at, row);
}

/// An update that changes nothing is told by a column set to what it is: the first of the key that a replica lets us
/// set.
column const& untouched_column(table_info const& info) {
    column const* other = nullptr;
    column const* key = nullptr;
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        bool const settable = !at.generated && !at.always_identity;
        if (at.key && settable) return at;
        if (at.key && key == nullptr) key = &at;
        if (at.data && settable && other == nullptr) other = &at;
    }
    if (key == nullptr) elog(ERROR, "logtriga: Unexpected NULL key value");
    return other != nullptr ? *other : *key;
}

bool same_text(column const& at, Datum before, Datum now) {
    char first[scratch_size];
    char second[scratch_size];
    return text_of(at.output, before, first) == text_of(at.output, now, second);
}

}  // namespace

row_values take_apart(table_info const& info, HeapTuple tuple, TupleDesc desc) {
    Size const count = static_cast<Size>(info.attributes + 1);
    row_values row{static_cast<Datum*>(palloc(sizeof(Datum) * count)),
                   static_cast<bool*>(palloc(sizeof(bool) * count))};
    heap_deform_tuple(tuple, desc, row.values, row.nulls);
    return row;
}

bool same_value(column const& at, row_values const& before, row_values const& now) {
    bool const null = before.nulls[at.index];
    if (null || now.nulls[at.index]) return null == now.nulls[at.index];
    Datum const old_value = before.values[at.index];
    Datum const new_value = now.values[at.index];
    if (datumIsEqual(old_value, new_value, at.by_value, at.length)) return true;
    if (!OidIsValid(at.equality)) return same_text(at, old_value, new_value);
    return DatumGetBool(FunctionCall2Coll(at.compare, at.collation, old_value, new_value));
}

change kind_of_change(table_info const& info, row_values const& before, row_values const& now) {
    bool relevant = false;
    bool ignored = false;
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        // Asking is not free: what cannot alter the answer any more is not compared.
        if (!at.key && (at.generated || (at.ignored ? ignored : relevant))) continue;
        if (same_value(at, before, now)) continue;
        if (at.key) return change::key;
        (at.ignored ? ignored : relevant) = true;
    }
    return ignored && !relevant ? change::only_ignored : change::relevant;
}

void append_url_row(text_buffer& out, table_info const& info, row_values const& row, part which) {
    char scratch[scratch_size];
    bool first = true;
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        if (!shown(at, which)) continue;
        if (!first) out.append('&');
        first = false;
        out.append(at.url_name);
        if (row.nulls[at.index]) continue;
        out.append('=');
        append_url(out, text_at(at, row, scratch));
    }
}

void append_json_row(text_buffer& out, table_info const& info, row_values const& row, part which) {
    char before = '{';
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        if (!shown(at, which)) continue;
        out.append(before);
        before = ',';
        out.append(at.json_name);
        append_json_value(out, at, row);
    }
    if (before == '{') out.append('{');
    out.append('}');
}

void append_sql_insert(text_buffer& out, table_info const& info, row_values const& row) {
    char before = '(';
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        if (!at.data || at.generated) continue;
        out.append(before);
        before = ',';
        out.append(at.sql_name);
    }
    if (before == '(') out.append('(');
    out.append(info.always_identity ? ") overriding system value values " : ") values ");
    before = '(';
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        if (!at.data || at.generated) continue;
        out.append(before);
        before = ',';
        append_sql_value(out, at, row, "null");
    }
    if (before == '(') out.append('(');
    out.append(')');
}

void append_sql_update(text_buffer& out, table_info const& info, row_values const& before, row_values const& now) {
    bool any = false;
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        if (!at.data || at.generated || same_value(at, before, now)) continue;
        if (any) out.append(',');
        any = true;
        append_assignment(out, at, now);
    }
    if (!any) append_assignment(out, untouched_column(info), before);
    out.append(" where ");
    append_sql_key(out, info, before);
}

void append_sql_key(text_buffer& out, table_info const& info, row_values const& row) {
    bool any = false;
    for (int i = 0; i < info.columns; i++) {
        column const& at = info.column_list[i];
        if (!at.key) continue;
        if (any) out.append(" and ");
        any = true;
        append_key_equals(out, at, row);
    }
}

}  // namespace pgq::server
