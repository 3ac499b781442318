// What must be known of one event table to put rows into it through the table access method. It says nothing about
// queues.
#pragma once

#include "event.hpp"

namespace pgq::server {

/// An index that the short path can feed: plain columns, b-tree, nothing deferred.
struct event_index {
    Oid relid;
    IndexInfo* info;
    IndexUniqueCheck unique;
};

/// Lives in a memory context of its own; `describe` makes it, `forget` ends it.
struct event_table {
    MemoryContext memory;
    Oid relid;
    bool valid;   ///< cleared by the relation cache callback
    bool direct;  ///< false: only an INSERT statement does all that this table asks for
    int columns;
    int position[event_columns];  ///< event_column -> attribute, from 0
    TupleTableSlot* slot;
    TupleDesc shape;
    int indexes;
    event_index* index;

    bool uses(Oid oid) const;
};

/// Reads the shape of an open, locked table. @param parent owns the memory.
event_table* describe(Relation rel, MemoryContext parent);
void forget(event_table* table);

/// Puts `row` into `slot`, which has the table's shape. The row's values must outlive the slot's use.
void fill(event_table const& table, TupleTableSlot* slot, event_row const& row);

/// Inserts one row, with its index entries.
void insert(event_table const& table, Relation rel, event_row const& row);

/// Inserts filled slots, with their index entries.
void insert_many(event_table const& table, Relation rel, TupleTableSlot** slots, int count);

}  // namespace pgq::server
