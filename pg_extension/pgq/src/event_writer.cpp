#include "event_writer.hpp"

#include "sql_insert.hpp"

namespace pgq::server {

namespace {

constexpr int rows_at_once = 500;

bool has_right(Oid relid, AclMode any_of) {
    return pg_class_aclcheck(relid, GetUserId(), any_of) == ACLCHECK_OK;
}

/// True when the role may do all that the short path does; the INSERT statement finds out the rest, column grants for
/// one.
bool may_insert_directly(open_queue const& queue) {
    queue_entry& entry = *queue.entry;
    Oid const user = GetUserId();
    if (entry.allowed_user == user) return true;
    uint64 const before = entry.changes;
    if (!has_right(queue.queues, ACL_SELECT)) aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "queue");
    if (!has_right(queue.sequence, ACL_USAGE | ACL_UPDATE))
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SEQUENCE, get_rel_name(queue.sequence));
    if (!has_right(RelationGetRelid(queue.table), ACL_INSERT)) return false;
    if (entry.changes == before) entry.allowed_user = user;
    return true;
}

void check_enabled(queue_entry const& entry) {
    if (entry.row.insert_disabled && SessionReplicationRole != SESSION_REPLICATION_ROLE_REPLICA)
        elog(ERROR, "Insert into queue disallowed");
}

/// Counted per transaction and table; a rollback to a savepoint does not count back.
void count_against_limit(queue_entry& entry, int64 events) {
    int32 const limit = entry.row.per_tx_limit;
    if (limit < 0) return;
    TransactionId const xid = GetTopTransactionId();
    if (entry.counted_in != xid || entry.counted_table != entry.table->relid) {
        entry.counted_in = xid;
        entry.counted_table = entry.table->relid;
        entry.counted = 0;
    }
    entry.counted += events;
    if (entry.counted > limit)
        elog(ERROR, "Queue '%s' allows max %d events from one TX", text_to_cstring(entry.name), limit);
}

Datum current_txid() {
    return Int64GetDatum(static_cast<int64>(U64FromFullTransactionId(GetTopFullTransactionId())));
}

/// The sequence moves even when the id is given: the ticker sees by it that there is something new.
int64 take_id(open_queue const& queue) {
    return nextval_internal(queue.sequence, false);
}

}  // namespace

int64 write_event(text* queue_name, event_row& row) {
    open_queue const queue = open(queue_name);
    queue_entry& entry = *queue.entry;
    check_enabled(entry);
    bool const direct = may_insert_directly(queue) && entry.table->direct;
    int64 const next = take_id(queue);
    if (row.nulls[ev_id]) row.set(ev_id, Int64GetDatum(next));
    if (row.nulls[ev_time]) row.set(ev_time, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
    row.set(ev_txid, current_txid());
    count_against_limit(entry, 1);
    if (direct) insert(*entry.table, queue.table, row);
    else insert_by_statement(entry, row);
    close(queue);
    return DatumGetInt64(row.values[ev_id]);
}

void write_events(text* queue_name, Datum const* types, bool const* type_nulls, Datum const* data,
                  bool const* data_nulls, int count, Datum* ids) {
    open_queue const queue = open(queue_name);
    queue_entry& entry = *queue.entry;
    check_enabled(entry);
    bool const direct = may_insert_directly(queue) && entry.table->direct;
    count_against_limit(entry, count);

    event_row row;
    row.clear();
    row.set(ev_time, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
    row.set(ev_txid, current_txid());
    TupleTableSlot* slots[rows_at_once];
    int const slot_count = direct ? Min(count, rows_at_once) : 0;
    for (int i = 0; i < slot_count; i++)
        slots[i] = MakeSingleTupleTableSlot(entry.table->shape, &TTSOpsVirtual);

    MemoryContext chunk = AllocSetContextCreate(CurrentMemoryContext, "pgq event chunk", ALLOCSET_DEFAULT_SIZES);
    int filled = 0;
    for (int i = 0; i < count; i++) {
        ids[i] = Int64GetDatum(take_id(queue));
        row.set(ev_id, ids[i]);
        row.values[ev_type] = types[i];
        row.nulls[ev_type] = type_nulls[i];
        row.values[ev_data] = data[i];
        row.nulls[ev_data] = data_nulls[i];
        if (!direct) {
            insert_by_statement(entry, row);
            continue;
        }
        fill(*entry.table, slots[filled++], row);
        if (filled < slot_count && i + 1 < count) continue;
        MemoryContext before = MemoryContextSwitchTo(chunk);
        insert_many(*entry.table, queue.table, slots, filled);
        MemoryContextSwitchTo(before);
        MemoryContextReset(chunk);
        filled = 0;
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextDelete(chunk);
    close(queue);
}

}  // namespace pgq::server
