// What a session remembers of each queue trigger: its arguments and its table, read once and dropped when the catalog
// says they changed.
#pragma once

#include "expression.hpp"

namespace pgq::server {

enum class encoding : char { url, sql, json };

/// Operations in the order of the letters of ev_type.
enum operation : int { op_insert, op_update, op_delete, op_truncate, operations };

struct trigger_entry {
    trigger_entry* next;
    MemoryContext memory;
    Oid trigger;
    encoding written;
    bool legacy;  ///< logtriga
    bool valid;

    trigger_args args;
    table_info table;
    text* queue;
    Datum types[operations];  ///< ready values for ev_type
    Datum table_name;         ///< and for ev_extra1
    bool has_expressions;
    bool has_magic;
    expression* fields[overridables];  ///< null: not given
};

/// The entry stays whole until the transaction ends, also when it becomes stale meanwhile.
trigger_entry* find_trigger(TriggerData const* data, encoding written, bool legacy);

}  // namespace pgq::server
