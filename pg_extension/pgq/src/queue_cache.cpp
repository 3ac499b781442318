#include "queue_cache.hpp"

namespace pgq::server {

namespace {

constexpr int buckets = 256;

/// Each needs a rotation in between; only a statement that deletes the very queue it writes to gets this far.
constexpr int most_attempts = 1000;

queue_entry* entries[buckets];
queue_entry* last_used = nullptr;
bool callbacks_set = false;

void on_relation_change(Datum, Oid relid) {
    bool const everything = !OidIsValid(relid) || relid == queue_table_oid();
    if (everything) forget_queue_table();
    for (queue_entry* entry : entries) {
        for (; entry != nullptr; entry = entry->next) {
            if (everything) entry->row_known = false;
            bool const touched =
                everything || entry->sequence == relid || (entry->table != nullptr && entry->table->uses(relid));
            if (!touched) continue;
            entry->allowed_user = InvalidOid;
            entry->changes++;
            entry->sequence = InvalidOid;
            if (entry->table != nullptr) entry->table->valid = false;
        }
    }
}

void on_role_change(Datum, int, uint32) {
    for (queue_entry* entry : entries) {
        for (; entry != nullptr; entry = entry->next) {
            entry->allowed_user = InvalidOid;
            entry->changes++;
        }
    }
}

void on_schema_change(Datum, int, uint32) {
    on_relation_change(0, InvalidOid);
}

void set_callbacks() {
    if (callbacks_set) return;
    CacheRegisterRelcacheCallback(on_relation_change, 0);
    CacheRegisterSyscacheCallback(AUTHOID, on_role_change, 0);
    CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, on_role_change, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, on_schema_change, 0);
    callbacks_set = true;
}

bool same_name(queue_entry const* entry, text* name) {
    Size const length = VARSIZE_ANY_EXHDR(name);
    return VARSIZE_ANY_EXHDR(entry->name) == length && memcmp(VARDATA_ANY(entry->name), VARDATA_ANY(name), length) == 0;
}

queue_entry* add_entry(text* name, uint32 hash) {
    Size const length = VARSIZE_ANY_EXHDR(name);
    queue_entry* entry = static_cast<queue_entry*>(MemoryContextAllocZero(TopMemoryContext, sizeof(queue_entry)));
    entry->name = static_cast<text*>(MemoryContextAlloc(TopMemoryContext, VARHDRSZ + length));
    SET_VARSIZE(entry->name, VARHDRSZ + length);
    memcpy(VARDATA(entry->name), VARDATA_ANY(name), length);
    entry->name_hash = hash;
    entry->next = entries[hash % buckets];
    entries[hash % buckets] = entry;
    return entry;
}

queue_entry* find_entry(text* name) {
    if (last_used != nullptr && same_name(last_used, name)) return last_used;
    uint32 const hash = hash_bytes(reinterpret_cast<unsigned char const*>(VARDATA_ANY(name)),
                                   static_cast<int>(VARSIZE_ANY_EXHDR(name)));
    for (queue_entry* entry = entries[hash % buckets]; entry != nullptr; entry = entry->next)
        if (entry->name_hash == hash && same_name(entry, name)) return last_used = entry;
    return nullptr;
}

void remember_row(queue_entry& entry, queue_row const& row) {
    if (entry.row.data_prefix != nullptr) pfree(entry.row.data_prefix);
    if (entry.row.event_sequence != nullptr) pfree(entry.row.event_sequence);
    entry.row.data_prefix = entry.row.event_sequence = nullptr;
    char* prefix = MemoryContextStrdup(TopMemoryContext, row.data_prefix);
    char* sequence = MemoryContextStrdup(TopMemoryContext, row.event_sequence);
    entry.row = row;
    entry.row.data_prefix = prefix;
    entry.row.event_sequence = sequence;
    // Else pgq.queue changed while it was read, perhaps into another table.
    entry.row_known = OidIsValid(queue_table_oid());
    entry.sequence = InvalidOid;
    entry.allowed_user = InvalidOid;
    entry.place_checked_in = InvalidTransactionId;
    if (entry.table != nullptr) entry.table->valid = false;
}

/// False only when no transaction that is over by now has left such a row.
bool find_newest_row(Relation queues, text* name, queue_row& row) {
    if (find_queue_row(queues, SnapshotSelf, name, row)) return true;
    // A row that moves while it is looked for can be missed: the old version is dead when we reach it, and the new one
    // was not there yet.
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    bool const found = find_queue_row(queues, snapshot, name, row);
    UnregisterSnapshot(snapshot);
    return found;
}

/// The names were always written into statements as they are, so they are read as a statement reads them.
Oid resolve(char const* name, LOCKMODE mode, bool missing_ok) {
    List* parts = textToQualifiedNameList(cstring_to_text(name));
    return RangeVarGetRelid(makeRangeVarFromNameList(parts), mode, missing_ok);
}

queue_entry* load(Relation queues, text* name, queue_entry* entry) {
    queue_row row;
    if (!find_newest_row(queues, name, row)) {
        if (entry != nullptr) entry->row_known = false;
        elog(ERROR, "No such queue");
    }
    if (entry == nullptr)
        entry = add_entry(name, hash_bytes(reinterpret_cast<unsigned char const*>(VARDATA_ANY(name)),
                                           static_cast<int>(VARSIZE_ANY_EXHDR(name))));
    remember_row(*entry, row);
    return entry;
}

/// Looks the table up by its name and describes it. Null: the queue has been dropped meanwhile.
Relation find_event_table(Relation queues, queue_entry& entry) {
    event_table* old = entry.table;
    entry.table = nullptr;
    if (old != nullptr) forget(old);
    char const* name = event_table_name(entry.row);
    Oid relid = resolve(name, RowExclusiveLock, true);
    if (!OidIsValid(relid)) {
        if (!is_live(queues, entry.row.version)) return nullptr;
        relid = resolve(name, RowExclusiveLock, false);
    }
    Relation rel = table_open(relid, NoLock);
    entry.table = describe(rel, TopMemoryContext);
    entry.sequence = resolve(entry.row.event_sequence, NoLock, false);
    return rel;
}

bool is_complete(queue_entry const* entry) {
    return entry != nullptr && entry->row_known && entry->table != nullptr && entry->table->valid &&
           OidIsValid(entry->sequence);
}

bool still_current(Relation queues, queue_entry& entry) {
    if (!is_complete(&entry)) return false;
    TransactionId const xid = GetTopTransactionId();
    SubTransactionId const sub = GetCurrentSubTransactionId();
    if (entry.place_checked_in != xid || entry.place_checked_sub != sub) {
        if (!place_exists(queues, entry.row.version)) return false;
        entry.place_checked_in = xid;
        entry.place_checked_sub = sub;
    }
    return is_live(queues, entry.row.version);
}

}  // namespace

char* event_table_name(queue_row const& row) {
    return psprintf("%s_%d", row.data_prefix, row.current_table);
}

open_queue open(text* name) {
    PreventCommandIfReadOnly("nextval()");
    PreventCommandIfParallelMode("nextval()");
    set_callbacks();
    // The id comes before the look at the queue: see queue_row.hpp.
    (void)GetTopTransactionId();
    queue_entry* entry = find_entry(name);
    Relation queues = open_queue_table();
    for (int attempt = 0; attempt < most_attempts; attempt++) {
        CHECK_FOR_INTERRUPTS();
        Relation table = nullptr;
        if (is_complete(entry)) {
            table = try_table_open(entry->table->relid, RowExclusiveLock);
        } else {
            entry = load(queues, name, entry);
            table = find_event_table(queues, *entry);
        }
        if (table != nullptr && still_current(queues, *entry)) {
            open_queue const found{entry, table, RelationGetRelid(queues), entry->sequence};
            table_close(queues, NoLock);
            return found;
        }
        if (table != nullptr) table_close(table, RowExclusiveLock);
        // Its row may have changed, or only the table: reading both again is right for either.
        entry->row_known = false;
        if (OidIsValid(queue_table_oid())) continue;
        table_close(queues, NoLock);
        queues = open_queue_table();
    }
    elog(ERROR, "Queue fetch failed");
}

void close(open_queue const& queue) {
    table_close(queue.table, NoLock);
}

}  // namespace pgq::server
