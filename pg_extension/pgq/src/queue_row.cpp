#include "queue_row.hpp"

namespace pgq::server {

namespace {

struct queue_columns {
    AttrNumber id, name, current_table, insert_disabled, per_tx_limit, data_prefix, event_sequence;
};

Oid known_table = InvalidOid;
Oid name_index = InvalidOid;
queue_columns columns;

/// per_tx_limit is missing from the table of 2.x, which is in use for the time of an upgrade.
void find_columns(Oid table) {
    columns.id = get_attnum(table, "queue_id");
    columns.name = get_attnum(table, "queue_name");
    columns.current_table = get_attnum(table, "queue_cur_table");
    columns.insert_disabled = get_attnum(table, "queue_disable_insert");
    columns.per_tx_limit = get_attnum(table, "queue_per_tx_limit");
    columns.data_prefix = get_attnum(table, "queue_data_pfx");
    columns.event_sequence = get_attnum(table, "queue_event_seq");
    if (columns.id == InvalidAttrNumber || columns.name == InvalidAttrNumber ||
        columns.current_table == InvalidAttrNumber || columns.insert_disabled == InvalidAttrNumber ||
        columns.data_prefix == InvalidAttrNumber || columns.event_sequence == InvalidAttrNumber)
        elog(ERROR, "Queue fetch failed");
}

/// The unique index on the name alone; without it the table is read from end to end.
Oid find_name_index(Relation queues) {
    Oid found = InvalidOid;
    List* oids = RelationGetIndexList(queues);
    ListCell* cell;
    foreach (cell, oids) {
        Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        Form_pg_index form = index->rd_index;
        Oid const collation = TupleDescAttr(RelationGetDescr(queues), columns.name - 1)->attcollation;
        if (form->indisvalid && form->indnkeyatts == 1 && form->indkey.values[0] == columns.name &&
            index->rd_rel->relam == BTREE_AM_OID && index->rd_indcollation[0] == collation &&
            RelationGetIndexPredicate(index) == NIL)
            found = lfirst_oid(cell);
        index_close(index, NoLock);
        if (OidIsValid(found)) break;
    }
    list_free(oids);
    return found;
}

Oid look_up_table() {
    Oid space = get_namespace_oid("pgq", false);
    Oid table = get_relname_relid("queue", space);
    if (!OidIsValid(table))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"pgq.queue\" does not exist"));
    return table;
}

Datum needed(HeapTuple tuple, TupleDesc desc, AttrNumber column, char const* complaint) {
    bool null = false;
    Datum value = heap_getattr(tuple, column, desc, &null);
    if (null) elog(ERROR, "%s", complaint);
    return value;
}

void read_row(HeapTuple tuple, TupleDesc desc, queue_row& out) {
    out.version.place = tuple->t_self;
    out.version.xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
    out.queue_id = DatumGetInt32(needed(tuple, desc, columns.id, "queue id NULL"));
    out.current_table = DatumGetInt32(needed(tuple, desc, columns.current_table, "table nr NULL"));
    out.data_prefix = TextDatumGetCString(needed(tuple, desc, columns.data_prefix, "table prefix NULL"));
    out.event_sequence = TextDatumGetCString(needed(tuple, desc, columns.event_sequence, "Seq name NULL"));
    out.insert_disabled = DatumGetBool(needed(tuple, desc, columns.insert_disabled, "insert_disabled NULL"));
    out.per_tx_limit = -1;
    if (columns.per_tx_limit == InvalidAttrNumber) return;
    bool null = false;
    Datum limit = heap_getattr(tuple, columns.per_tx_limit, desc, &null);
    if (!null) out.per_tx_limit = DatumGetInt32(limit);
}

}  // namespace

Relation open_queue_table() {
    for (;;) {
        if (!OidIsValid(known_table)) {
            Oid table = look_up_table();
            Relation rel = try_table_open(table, AccessShareLock);
            if (rel == nullptr) continue;
            find_columns(table);
            name_index = find_name_index(rel);
            known_table = table;
            return rel;
        }
        Relation rel = try_table_open(known_table, AccessShareLock);
        if (rel != nullptr && OidIsValid(known_table)) return rel;
        if (rel != nullptr) table_close(rel, NoLock);
        known_table = InvalidOid;
    }
}

Oid queue_table_oid() {
    return known_table;
}

void forget_queue_table() {
    known_table = InvalidOid;
}

bool find_queue_row(Relation queues, Snapshot snapshot, text* name, queue_row& out) {
    TupleDesc desc = RelationGetDescr(queues);
    ScanKeyData key;
    ScanKeyEntryInitialize(&key, 0, columns.name, BTEqualStrategyNumber, InvalidOid,
                           TupleDescAttr(desc, columns.name - 1)->attcollation, F_TEXTEQ, PointerGetDatum(name));
    bool const indexed = OidIsValid(name_index);
    SysScanDesc scan = systable_beginscan(queues, name_index, indexed, snapshot, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    bool const found = HeapTupleIsValid(tuple);
    if (found) read_row(tuple, desc, out);
    systable_endscan(scan);
    return found;
}

bool place_exists(Relation queues, row_version const& version) {
    return ItemPointerGetBlockNumber(&version.place) < RelationGetNumberOfBlocks(queues);
}

bool is_live(Relation queues, row_version const& version) {
    HeapTupleData tuple;
    tuple.t_self = version.place;
    Buffer buffer = InvalidBuffer;
#if PG_VERSION_NUM >= 150000
    bool const visible = heap_fetch(queues, SnapshotSelf, &tuple, &buffer, false);
#else
    bool const visible = heap_fetch(queues, SnapshotSelf, &tuple, &buffer);
#endif
    if (!visible) return false;
    bool const same = HeapTupleHeaderGetRawXmin(tuple.t_data) == version.xmin;
    ReleaseBuffer(buffer);
    return same;
}

}  // namespace pgq::server
