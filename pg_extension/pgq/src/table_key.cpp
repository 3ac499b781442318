#include "table_key.hpp"

#include <pg_extension/common/encode.hpp>

namespace pgq::server {

namespace {

column* column_at(table_info& info, int index) {
    for (int i = 0; i < info.columns; i++)
        if (info.column_list[i].index == index) return &info.column_list[i];
    return nullptr;
}

/// Copies the key of an index out of the catalog; the table says what its columns are called now. Columns that are only
/// included are not key.
int primary_key(Relation rel, AttrNumber* out) {
    List* oids = RelationGetIndexList(rel);
    ListCell* cell;
    int count = 0;
    foreach (cell, oids) {
        HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) continue;
        auto const* index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        if (index->indisprimary)
            for (count = 0; count < index->indnkeyatts; count++)
                out[count] = index->indkey.values[count];
        ReleaseSysCache(tuple);
        if (count > 0) break;
    }
    list_free(oids);
    return count;
}

struct key_names {
    std::string_view* names;
    int count;
};

void write_key(table_info& info, key_names const& key) {
    info.has_key = key.count > 0;
    text_buffer list = new_buffer();
    text_buffer json = new_buffer();
    json.append('[');
    for (int i = 0; i < key.count; i++) {
        if (i > 0) {
            list.append(',');
            json.append(',');
        }
        append_name(list, key.names[i], ',');
        append_json_string(json, key.names[i]);
    }
    json.append(']');
    info.key_list = kept(list);
    info.json_key = kept(json);
}

/// Without quotes the argument is repeated as it was given, cut only at commas: that is what clients have always got.
void write_given_key(table_info& info, char const* source) {
    info.has_key = *source != '\0';
    info.key_list = source;
    text_buffer json = new_buffer();
    json.append('[');
    for (std::string_view rest = source;;) {
        std::size_t const comma = rest.find(',');
        append_json_string(json, rest.substr(0, comma));
        if (comma == rest.npos) break;
        json.append(',');
        rest.remove_prefix(comma + 1);
    }
    json.append(']');
    info.json_key = kept(json);
}

void find_given_key(table_info& info, name_list const& pkey) {
    for (int i = 0; i < info.columns; i++)
        info.column_list[i].key = pkey.contains(info.column_list[i].name);
    if (!pkey.quoted) {
        write_given_key(info, pkey.source);
        return;
    }
    key_names key{static_cast<std::string_view*>(palloc(sizeof(std::string_view) * static_cast<Size>(pkey.count + 1))),
                  0};
    for (int i = 0; i < pkey.count; i++)
        key.names[key.count++] = pkey.names[i];
    write_key(info, key);
}

void find_primary_key(table_info& info, Relation rel) {
    AttrNumber numbers[INDEX_MAX_KEYS];
    int const count = primary_key(rel, numbers);
    std::string_view names[INDEX_MAX_KEYS];
    key_names key{names, 0};
    for (int i = 0; i < count; i++) {
        column* found = column_at(info, numbers[i] - 1);
        if (found == nullptr) continue;
        found->key = true;
        key.names[key.count++] = found->name;
    }
    write_key(info, key);
}

/// logtriga: a letter for each live column. What has none is left out.
void find_legacy_key(table_info& info, char const* attkind) {
    std::string_view const kinds = attkind;
    std::size_t const live = static_cast<std::size_t>(info.columns);
    if (kinds.find('k') == kinds.npos) elog(ERROR, "need at least one key column");
    if (kinds.substr(0, live).find('k') == kinds.npos) elog(ERROR, "key column does not exist");
    std::string_view names[MaxTupleAttributeNumber];
    key_names key{names, 0};
    for (std::size_t i = 0; i < live; i++) {
        column& at = info.column_list[i];
        char const kind = i < kinds.size() ? kinds[i] : 'i';
        at.key = kind == 'k';
        at.ignored = kind == 'i';
        if (at.key) key.names[key.count++] = at.name;
    }
    write_key(info, key);
}

}  // namespace

void append_name(text_buffer& out, std::string_view name, char special) {
    if (!name.starts_with('"') && name.find(special) == name.npos) {
        out.append(name);
        return;
    }
    out.append('"');
    for (char c : name) {
        if (c == '"') out.append('"');
        out.append(c);
    }
    out.append('"');
}

void find_key(table_info& info, Relation rel, trigger_args const& args) {
    if (args.attkind != nullptr) find_legacy_key(info, args.attkind);
    else if (args.pkey.source != nullptr) find_given_key(info, args.pkey);
    else find_primary_key(info, rel);
}

}  // namespace pgq::server
