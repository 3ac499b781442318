#include "table_info.hpp"

#include "table_key.hpp"

#include <pg_extension/common/encode.hpp>

namespace pgq::server {

namespace {

constexpr std::string_view magic_prefix = "_pgq_ev_";
constexpr std::string_view magic_names[event_fields] = {"type", "data", "extra1", "extra2", "extra3", "extra4"};

int magic_field(std::string_view name) {
    if (!name.starts_with(magic_prefix)) return -1;
    std::string_view const rest = name.substr(magic_prefix.size());
    for (int field = 0; field < event_fields; field++)
        if (rest == magic_names[field]) return field;
    elog(ERROR, "Unknown magic column: %s", name.data());
    pg_unreachable();
}

/// True for arrays too: two arrays can be equal and yet not be written alike.
bool compared_as_text(Oid type) {
    return OidIsValid(get_element_type(getBaseType(type)));
}

void find_equality(column& out) {
    if (compared_as_text(out.type)) return;
    TypeCacheEntry* entry = lookup_type_cache(out.type, TYPECACHE_EQ_OPR_FINFO);
    out.equality = entry->eq_opr_finfo.fn_oid;
    if (!OidIsValid(out.equality)) return;
    out.compare = static_cast<FmgrInfo*>(palloc0(sizeof(FmgrInfo)));
    fmgr_info_copy(out.compare, &entry->eq_opr_finfo, CurrentMemoryContext);
}

void write_names(column& out, char const* name) {
    out.name = pstrdup(name);
    text_buffer url = new_buffer();
    append_url(url, out.name);
    out.url_name = kept(url);
    // Decided once, and so whatever the session's quote_all_identifiers.
    bool const quote_all = quote_all_identifiers;
    quote_all_identifiers = false;
    out.sql_name = pstrdup(quote_identifier(name));
    quote_all_identifiers = quote_all;
    text_buffer json = new_buffer();
    append_json_string(json, out.name);
    json.append(':');
    out.json_name = kept(json);
}

column describe_column(Form_pg_attribute att) {
    column out;
    memset(static_cast<void*>(&out), 0, sizeof out);
    out.index = att->attnum - 1;
    out.type = att->atttypid;
    out.length = att->attlen;
    out.by_value = att->attbyval;
    out.collation = att->attcollation;
    out.generated = att->attgenerated != '\0';
    out.always_identity = att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
    out.output = output_of(att->atttypid, CurrentMemoryContext);
    write_names(out, NameStr(att->attname));
    out.magic = magic_field(out.name);
    find_equality(out);
    return out;
}

/// The named table and all it is a partition of, the root last.
void find_related(table_info& info, Relation rel, bool with_ancestors) {
    List* ancestors =
        with_ancestors && rel->rd_rel->relispartition ? get_partition_ancestors(RelationGetRelid(rel)) : NIL;
    info.related_list = static_cast<Oid*>(palloc(sizeof(Oid) * static_cast<Size>(list_length(ancestors) + 1)));
    info.related_list[info.related++] = RelationGetRelid(rel);
    ListCell* cell;
    foreach (cell, ancestors)
        info.related_list[info.related++] = lfirst_oid(cell);
}

void write_table_name(table_info& info) {
    Oid const named = info.related_list[info.related - 1];
    Oid const space = get_rel_namespace(named);
    char const* schema = get_namespace_name(space);
    char const* table = get_rel_name(named);
    if (schema == nullptr || table == nullptr) elog(ERROR, "Cannot find namespace %u", space);
    text_buffer name = new_buffer();
    append_name(name, schema, '.');
    name.append('.');
    append_name(name, table, '.');
    name.append('\0');
    info.name = kept(name).substr(0, kept(name).size() - 1);
    text_buffer json = new_buffer();
    json.append('[');
    append_json_string(json, schema);
    json.append(',');
    append_json_string(json, table);
    json.append(']');
    info.json_table = kept(json);
}

void decide_data(table_info& info) {
    for (int i = 0; i < info.columns; i++) {
        column& at = info.column_list[i];
        // A key column is always told, also when it is ignored or computed: nobody could find the row without it.
        at.data = at.magic < 0 && (at.key || !(at.ignored || at.generated));
        info.always_identity |= at.data && at.always_identity;
        info.reads_settings |= at.output.reads_settings || at.output.reads_path;
    }
}

}  // namespace

table_info describe_table(Relation rel, trigger_args const& args) {
    table_info info;
    memset(static_cast<void*>(&info), 0, sizeof info);
    TupleDesc desc = RelationGetDescr(rel);
    info.attributes = desc->natts;
    info.owner = rel->rd_rel->relowner;
    info.column_list = static_cast<column*>(palloc(sizeof(column) * static_cast<Size>(desc->natts + 1)));
    for (int i = 0; i < desc->natts; i++)
        if (!TupleDescAttr(desc, i)->attisdropped)
            info.column_list[info.columns++] = describe_column(TupleDescAttr(desc, i));
    find_related(info, rel, args.publish_root);
    write_table_name(info);
    for (int i = 0; i < info.columns; i++)
        info.column_list[i].ignored = args.ignore.contains(info.column_list[i].name);
    find_key(info, rel, args);
    decide_data(info);
    return info;
}

}  // namespace pgq::server
