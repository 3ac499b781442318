#include "event_table.hpp"

namespace pgq::server {

namespace {

constexpr int insert_options = 0;

/// True for the default that create_queue leaves in place: the top level transaction id as a bigint.
bool defaults_to_txid(TupleDesc desc, int attribute) {
    if (desc->constr == nullptr) return false;
    for (int i = 0; i < desc->constr->num_defval; i++) {
        AttrDefault const& def = desc->constr->defval[i];
        if (def.adnum != attribute + 1) continue;
        Node* node = static_cast<Node*>(stringToNode(def.adbin));
        return IsA(node, FuncExpr) && reinterpret_cast<FuncExpr*>(node)->funcid == F_TXID_CURRENT;
    }
    return false;
}

/// Finds the event columns by name; any other live column needs an INSERT statement for its default.
bool map_columns(TupleDesc desc, event_table& table) {
    int found = 0;
    for (int i = 0; i < desc->natts; i++) {
        Form_pg_attribute att = TupleDescAttr(desc, i);
        if (att->attisdropped) continue;
        int column = 0;
        while (column < event_columns && strcmp(NameStr(att->attname), event_column_names[column]) != 0)
            column++;
        if (column == event_columns || att->atttypid != event_column_types[column] || att->attgenerated != '\0')
            return false;
        bool const always_set = column == ev_id || column == ev_time || column == ev_txid;
        if (att->attnotnull && !always_set) return false;
        table.position[column] = i;
        found++;
    }
    return found == event_columns && defaults_to_txid(desc, table.position[ev_txid]);
}

bool needs_statement(Relation rel) {
    Form_pg_class form = rel->rd_rel;
    if (form->relkind != RELKIND_RELATION || form->relispartition || form->relrowsecurity) return true;
    if (rel->rd_rules != nullptr) return true;
    TriggerDesc const* triggers = rel->trigdesc;
    if (triggers != nullptr &&
        (triggers->trig_insert_before_row || triggers->trig_insert_after_row || triggers->trig_insert_instead_row ||
         triggers->trig_insert_before_statement || triggers->trig_insert_after_statement))
        return true;
    TupleConstr const* constr = rel->rd_att->constr;
    return constr != nullptr && constr->num_check > 0;
}

/// False when the index has something that only the executor can evaluate.
bool describe_index(Oid oid, event_index& out) {
    Relation rel = index_open(oid, AccessShareLock);
    IndexInfo* info = BuildIndexInfo(rel);
    bool const plain = rel->rd_rel->relam == BTREE_AM_OID && info->ii_Expressions == NIL && info->ii_Predicate == NIL &&
                       info->ii_ExclusionOps == nullptr && rel->rd_index->indimmediate;
    out.relid = oid;
    out.info = info;
    out.unique = rel->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;
    index_close(rel, NoLock);
    return plain;
}

bool describe_indexes(Relation rel, event_table& table) {
    List* oids = RelationGetIndexList(rel);
    table.index = static_cast<event_index*>(palloc0(sizeof(event_index) * static_cast<Size>(list_length(oids) + 1)));
    ListCell* cell;
    foreach (cell, oids) {
        if (!describe_index(lfirst_oid(cell), table.index[table.indexes])) return false;
        if (table.index[table.indexes].info->ii_ReadyForInserts) table.indexes++;
    }
    return true;
}

void insert_index_entries(event_table const& table, Relation rel, Relation const* indexes, TupleTableSlot* slot) {
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    for (int i = 0; i < table.indexes; i++) {
        event_index const& index = table.index[i];
        FormIndexDatum(index.info, slot, nullptr, values, nulls);
        index_insert(indexes[i], values, nulls, &slot->tts_tid, rel, index.unique, false, index.info);
    }
}

Relation* open_indexes(event_table const& table) {
    Relation* indexes = static_cast<Relation*>(palloc(sizeof(Relation) * static_cast<Size>(table.indexes + 1)));
    for (int i = 0; i < table.indexes; i++)
        indexes[i] = index_open(table.index[i].relid, RowExclusiveLock);
    return indexes;
}

/// The locks stay until the transaction ends, as an INSERT statement keeps them.
void close_indexes(event_table const& table, Relation* indexes) {
    for (int i = 0; i < table.indexes; i++) {
#if PG_VERSION_NUM >= 170000
        index_insert_cleanup(indexes[i], table.index[i].info);
#endif
        index_close(indexes[i], NoLock);
    }
    pfree(indexes);
}

}  // namespace

bool event_table::uses(Oid oid) const {
    if (relid == oid) return true;
    for (int i = 0; i < indexes; i++)
        if (index[i].relid == oid) return true;
    return false;
}

event_table* describe(Relation rel, MemoryContext parent) {
    MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "pgq event table", ALLOCSET_SMALL_SIZES);
    MemoryContext before = MemoryContextSwitchTo(memory);
    event_table* table = static_cast<event_table*>(palloc0(sizeof(event_table)));
    table->memory = memory;
    table->relid = RelationGetRelid(rel);
    table->valid = true;
    table->shape = CreateTupleDescCopy(RelationGetDescr(rel));
    table->columns = table->shape->natts;
    table->direct =
        !needs_statement(rel) && map_columns(RelationGetDescr(rel), *table) && describe_indexes(rel, *table);
    if (table->direct) table->slot = MakeSingleTupleTableSlot(table->shape, &TTSOpsVirtual);
    MemoryContextSwitchTo(before);
    MemoryContextSetParent(memory, parent);
    return table;
}

void forget(event_table* table) {
    MemoryContextDelete(table->memory);
}

void fill(event_table const& table, TupleTableSlot* slot, event_row const& row) {
    ExecClearTuple(slot);
    memset(slot->tts_isnull, true, static_cast<size_t>(table.columns) * sizeof(bool));
    for (int column = 0; column < event_columns; column++) {
        slot->tts_values[table.position[column]] = row.values[column];
        slot->tts_isnull[table.position[column]] = row.nulls[column];
    }
    ExecStoreVirtualTuple(slot);
}

void insert(event_table const& table, Relation rel, event_row const& row) {
    fill(table, table.slot, row);
    Relation* indexes = open_indexes(table);
    table_tuple_insert(rel, table.slot, GetCurrentCommandId(true), insert_options, nullptr);
    insert_index_entries(table, rel, indexes, table.slot);
    close_indexes(table, indexes);
    ExecClearTuple(table.slot);
}

void insert_many(event_table const& table, Relation rel, TupleTableSlot** slots, int count) {
    Relation* indexes = open_indexes(table);
    table_multi_insert(rel, slots, count, GetCurrentCommandId(true), insert_options, nullptr);
    for (int i = 0; i < count; i++)
        insert_index_entries(table, rel, indexes, slots[i]);
    close_indexes(table, indexes);
}

}  // namespace pgq::server
