#include "trigger_cache.hpp"

namespace pgq::server {

namespace {

constexpr int buckets = 256;
constexpr std::string_view operation_names[operations] = {"INSERT", "UPDATE", "DELETE", "TRUNCATE"};
constexpr std::string_view operation_letters[operations] = {"I", "U", "D", "R"};

trigger_entry* entries[buckets];
trigger_entry* last_used = nullptr;
bool callbacks_set = false;
uint64 changes = 0;  ///< counts what the catalog told us

bool related(trigger_entry const* entry, Oid relid) {
    for (int i = 0; i < entry->table.related; i++)
        if (entry->table.related_list[i] == relid) return true;
    return false;
}

void on_relation_change(Datum, Oid relid) {
    changes++;
    for (trigger_entry* entry : entries)
        for (; entry != nullptr; entry = entry->next)
            if (!OidIsValid(relid) || related(entry, relid)) entry->valid = false;
}

/// A new name of a schema does not touch its tables in the catalog.
void on_schema_change(Datum, int, uint32) {
    on_relation_change(0, InvalidOid);
}

void set_callbacks() {
    if (callbacks_set) return;
    CacheRegisterRelcacheCallback(on_relation_change, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, on_schema_change, 0);
    callbacks_set = true;
}

void free_plan(void* plan) {
    SPI_freeplan(static_cast<SPIPlanPtr>(plan));
}

/// Lets go of the plans of a stale entry together with its memory.
void free_plans_with_memory(trigger_entry* entry) {
    for (expression* field : entry->fields) {
        if (field == nullptr || field->plan == nullptr) continue;
        auto* callback =
            static_cast<MemoryContextCallback*>(MemoryContextAllocZero(entry->memory, sizeof(MemoryContextCallback)));
        callback->func = free_plan;
        callback->arg = field->plan;
        MemoryContextRegisterResetCallback(entry->memory, callback);
    }
}

/// Takes stale entries out. A trigger up the call stack may still be using one, so it stays whole until the transaction
/// ends.
void sweep() {
    last_used = nullptr;
    for (trigger_entry*& bucket : entries) {
        for (trigger_entry** at = &bucket; *at != nullptr;) {
            trigger_entry* entry = *at;
            if (entry->valid) {
                at = &entry->next;
                continue;
            }
            *at = entry->next;
            free_plans_with_memory(entry);
            MemoryContextSetParent(entry->memory, TopTransactionContext);
        }
    }
}

Datum json_type(table_info const& table, operation op) {
    text_buffer out;
    out.start(64 + table.json_table.size() + table.json_key.size());
    out.append("{\"op\":\"");
    out.append(operation_names[op]);
    out.append("\",\"table\":");
    out.append(table.json_table);
    out.append(",\"pkey\":");
    out.append(table.json_key);
    out.append('}');
    return out.finish();
}

Datum type_of(trigger_entry const& entry, operation op) {
    if (entry.written == encoding::json) return json_type(entry.table, op);
    if (entry.written == encoding::sql || op == op_truncate) return make_text(operation_letters[op]);
    text_buffer out;
    out.start(8 + entry.table.key_list.size());
    out.append(operation_letters[op]);
    out.append(':');
    out.append(entry.table.key_list);
    return out.finish();
}

/// A change of magic columns alone emits nothing where changes are looked at column by column.
void read_magic(trigger_entry& entry) {
    bool const by_column = entry.written == encoding::sql || entry.args.ignore.source != nullptr;
    for (int i = 0; i < entry.table.columns; i++) {
        column& at = entry.table.column_list[i];
        if (at.magic < 0) continue;
        entry.has_magic = true;
        at.ignored |= by_column;
    }
}

void read_expressions(trigger_entry& entry) {
    for (int field = 0; field < overridables; field++) {
        if (entry.args.expression[field] == nullptr) continue;
        auto* made = static_cast<expression*>(palloc0(sizeof(expression)));
        made->parsed = parse_expression(entry.args.expression[field], entry.table);
        entry.fields[field] = made;
        entry.has_expressions = true;
    }
}

trigger_entry* build(TriggerData const* data, encoding written, bool legacy) {
    MemoryContext const memory = AllocSetContextCreate(CurrentMemoryContext, "pgq trigger", ALLOCSET_SMALL_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(memory);
    auto* entry = static_cast<trigger_entry*>(palloc0(sizeof(trigger_entry)));
    entry->memory = memory;
    entry->trigger = data->tg_trigger->tgoid;
    entry->written = written;
    entry->legacy = legacy;
    entry->valid = true;
    entry->args = legacy ? parse_legacy_args(data->tg_trigger) : parse_args(data->tg_trigger);
    entry->table = describe_table(data->tg_relation, entry->args);
    entry->queue = DatumGetTextPP(make_text(entry->args.queue));
    entry->table_name = make_text(entry->table.name);
    for (int op = 0; op < operations; op++)
        entry->types[op] = type_of(*entry, static_cast<operation>(op));
    read_magic(*entry);
    if (!TRIGGER_FIRED_BY_TRUNCATE(data->tg_event)) read_expressions(*entry);
    MemoryContextSwitchTo(before);
    MemoryContextSetParent(memory, CacheMemoryContext);
    return entry;
}

bool answers(trigger_entry const* entry, Oid trigger, encoding written, bool legacy) {
    return entry->trigger == trigger && entry->valid && entry->written == written && entry->legacy == legacy;
}

}  // namespace

trigger_entry* find_trigger(TriggerData const* data, encoding written, bool legacy) {
    Oid const trigger = data->tg_trigger->tgoid;
    if (last_used != nullptr && answers(last_used, trigger, written, legacy)) return last_used;
    trigger_entry** bucket = &entries[trigger % buckets];
    for (trigger_entry* entry = *bucket; entry != nullptr; entry = entry->next)
        if (answers(entry, trigger, written, legacy)) return last_used = entry;
    set_callbacks();
    sweep();
    uint64 const changes_before = changes;
    trigger_entry* entry = build(data, written, legacy);
    // What changed while we read may or may not have been seen: good for this call, to be read again for the next.
    entry->valid = changes == changes_before;
    entry->next = *bucket;
    *bucket = entry;
    return last_used = entry;
}

}  // namespace pgq::server
