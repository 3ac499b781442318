// Module pgq_triggers: jsontriga, logutriga, sqltriga and the old logtriga. This file holds the order in which things
// happen.
#include "event_sink.hpp"
#include "trigger_cache.hpp"

#include <pg_extension/common/pinned.hpp>

using namespace pgq::server;

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(pgq_jsontriga);
PG_FUNCTION_INFO_V1(pgq_logutriga);
PG_FUNCTION_INFO_V1(pgq_sqltriga);
PG_FUNCTION_INFO_V1(pgq_logtriga);
}
#pragma GCC visibility pop

namespace {

constexpr std::size_t usual_row = 480;

operation operation_of(TriggerEvent event) {
    if (TRIGGER_FIRED_BY_INSERT(event)) return op_insert;
    if (TRIGGER_FIRED_BY_UPDATE(event)) return op_update;
    if (TRIGGER_FIRED_BY_DELETE(event)) return op_delete;
    if (!TRIGGER_FIRED_BY_TRUNCATE(event)) elog(ERROR, "unknown event for pgq trigger");
    return op_truncate;
}

constexpr char const* denied[operations] = {"INSERT", "UPDATE", "DELETE", "TRUNCATE"};

/// One firing of a trigger, from the rows to the fields of the event.
struct firing {
    TriggerData const* data;
    trigger_entry* entry;
    operation op;
    row_values before;  ///< OLD, where there is one
    row_values now;     ///< the row that the event is about: NEW, or OLD on DELETE
    event_text event;
    bool wanted;  ///< false: emit nothing

    table_info const& table() const { return entry->table; }
    trigger_args const& args() const { return entry->args; }

    void take_rows();
    void check() const;
    void render();
    void render_update_key();
    void apply_magic();
    void apply_expressions();
    Datum row(row_values const& shown) const;
    Datum key(row_values const& shown) const;
};

void check_level(TriggerEvent event, operation op) {
    if (op == op_truncate && TRIGGER_FIRED_FOR_ROW(event))
        elog(ERROR, "pgq tRuncate trigger must be fired FOR EACH STATEMENT");
    if (op != op_truncate && !TRIGGER_FIRED_FOR_ROW(event))
        elog(ERROR, "pgq Ins/Upd/Del trigger must be fired FOR EACH ROW");
}

void check_truncate_args(trigger_args const& args) {
    for (char const* expression : args.expression)
        if (expression != nullptr) elog(ERROR, "Custom expressions do not make sense for truncater trigger");
    if (args.ignore.source != nullptr) elog(ERROR, "Column ignore does not make sense for truncate trigger");
    if (args.pkey.source != nullptr) elog(ERROR, "Custom pkey_list does not make sense for truncate trigger");
    if (args.backup) elog(ERROR, "Backup does not make sense for truncate trigger");
}

void firing::check() const {
    if (op == op_truncate) check_truncate_args(args());
    if ((op == op_update || op == op_delete) && !table().has_key) elog(ERROR, "Update/Delete on table without pkey");
    if (args().skip && TRIGGER_FIRED_AFTER(data->tg_event)) elog(ERROR, "SKIP does not work in AFTER trigger.");
    if (args().deny)
        elog(ERROR, "Table '%s' to queue '%s': change not allowed (%s)",
             text_to_cstring(DatumGetTextPP(entry->table_name)), args().queue, denied[op]);
}

void firing::take_rows() {
    if (op == op_truncate) return;
    TupleDesc desc = RelationGetDescr(data->tg_relation);
    before = take_apart(table(), data->tg_trigtuple, desc);
    now = op == op_update ? take_apart(table(), data->tg_newtuple, desc) : before;
}

Datum firing::row(row_values const& shown) const {
    text_buffer out;
    out.start(usual_row);
    if (entry->written == encoding::json) append_json_row(out, table(), shown, part::data);
    else append_url_row(out, table(), shown, part::data);
    return out.finish();
}

Datum firing::key(row_values const& shown) const {
    text_buffer out;
    out.start(usual_row);
    switch (entry->written) {
    case encoding::json:
        append_json_row(out, table(), shown, part::key);
        break;
    case encoding::url:
        append_url_row(out, table(), shown, part::key);
        break;
    case encoding::sql:
        append_sql_key(out, table(), shown);
        break;
    }
    return out.finish();
}

void firing::render_update_key() {
    change const kind = kind_of_change(table(), before, now);
    wanted = kind != change::only_ignored;
    if (kind != change::key) return;
    if (!args().pkey_update) elog(ERROR, "primary key update not allowed");
    // The backup has the old key in it, and more.
    if (!args().backup) event.set(field_extra2, key(before));
}

void firing::render() {
    event.set(field_type, entry->types[op]);
    event.set(field_extra1, entry->table_name);
    if (op == op_truncate) {
        event.set(field_data, make_text(entry->written == encoding::json ? "{}" : ""));
        return;
    }
    if (op == op_update) {
        if (args().backup) event.set(field_extra2, row(before));
        render_update_key();
        if (!wanted) return;
    }
    if (entry->written != encoding::sql) {
        event.set(field_data, row(now));
    } else {
        text_buffer out;
        out.start(usual_row);
        if (op == op_insert) append_sql_insert(out, table(), now);
        if (op == op_update) append_sql_update(out, table(), before, now);
        if (op == op_delete) append_sql_key(out, table(), now);
        event.set(field_data, out.finish());
    }
    if (entry->has_magic) apply_magic();
    if (entry->has_expressions) apply_expressions();
}

void firing::apply_magic() {
    char scratch[scratch_size];
    for (int i = 0; i < table().columns; i++) {
        column const& at = table().column_list[i];
        if (at.magic < 0) continue;
        event.nulls[at.magic] = now.nulls[at.index];
        if (!now.nulls[at.index]) event.set(at.magic, make_text(text_of(at.output, now.values[at.index], scratch)));
    }
}

void firing::apply_expressions() {
    visible_rows const rows{&now, op == op_delete ? nullptr : &now, op == op_insert ? nullptr : &before};
    for (int field = 0; field < event_fields; field++) {
        expression* override_text = entry->fields[field];
        if (override_text == nullptr) continue;
        field_value const value = evaluate(*override_text, rows, entry->memory);
        event.values[field] = value.text;
        event.nulls[field] = value.null;
    }
    if (entry->fields[field_when] != nullptr && !evaluate_when(*entry->fields[field_when], rows, entry->memory))
        wanted = false;
}

/// What the trigger hands back: a BEFORE trigger without SKIP lets the row through.
Datum outcome(TriggerData const* data, bool skip) {
    if (TRIGGER_FIRED_AFTER(data->tg_event) || skip) return PointerGetDatum(nullptr);
    return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : data->tg_trigtuple);
}

Datum fire(TriggerData const* data, encoding written, bool legacy) {
    if (SessionReplicationRole == SESSION_REPLICATION_ROLE_LOCAL) return outcome(data, false);
    firing now;
    memset(static_cast<void*>(&now), 0, sizeof now);
    memset(now.event.nulls, true, sizeof now.event.nulls);
    now.data = data;
    now.op = operation_of(data->tg_event);
    now.wanted = true;
    check_level(data->tg_event, now.op);
    now.entry = find_trigger(data, written, legacy);
    now.check();
    now.take_rows();
    if (now.table().reads_settings || now.entry->has_expressions) with_fixed_output([&now] { now.render(); });
    else now.render();
    if (now.wanted) (void)send_event(now.entry->queue, now.event, now.table().owner);
    return outcome(data, now.args().skip);
}

TriggerData const* called_as_trigger(FunctionCallInfo fcinfo, char const* name) {
    if (!CALLED_AS_TRIGGER(fcinfo)) elog(ERROR, "pgq.%s not called as trigger", name);
    return reinterpret_cast<TriggerData const*>(fcinfo->context);
}

}  // namespace

Datum pgq_jsontriga(PG_FUNCTION_ARGS) {
    return fire(called_as_trigger(fcinfo, "logutriga"), encoding::json, false);
}

Datum pgq_logutriga(PG_FUNCTION_ARGS) {
    return fire(called_as_trigger(fcinfo, "logutriga"), encoding::url, false);
}

Datum pgq_sqltriga(PG_FUNCTION_ARGS) {
    return fire(called_as_trigger(fcinfo, "sqltriga"), encoding::sql, false);
}

Datum pgq_logtriga(PG_FUNCTION_ARGS) {
    TriggerData const* data = called_as_trigger(fcinfo, "logtriga");
    if (!TRIGGER_FIRED_AFTER(data->tg_event)) elog(ERROR, "pgq.logtriga must be fired AFTER");
    return fire(data, encoding::sql, true);
}
