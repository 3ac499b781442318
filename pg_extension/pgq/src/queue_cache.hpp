// What a session remembers of each queue it wrote to. Nothing in here is believed without a check: `open_queue`
// compares the row of pgq.queue each time, and the relation cache says when a table changed.
#pragma once

#include "event_table.hpp"
#include "queue_row.hpp"

namespace pgq::server {

struct queue_entry {
    queue_entry* next;
    text* name;
    uint32 name_hash;

    bool row_known;
    queue_row row;
    event_table* table;  ///< of row.current_table; null until looked up
    Oid sequence;
    Oid allowed_user;  ///< the role found to have all rights, or InvalidOid
    uint64 changes;    ///< how often something was heard that could take rights away

    TransactionId place_checked_in;  ///< the transaction, and below the subtransaction, whose lock keeps the row's page
    SubTransactionId place_checked_sub;

    TransactionId counted_in;  ///< events written by one transaction into one table, for the limit
    Oid counted_table;
    int64 counted;

    SPIPlanPtr statement;  ///< INSERT for tables that need one
    char* statement_target;
};

/// A queue that may be written to until the transaction ends: its current event table is locked. What the entry knows
/// may be forgotten at any look into a catalogue, these ids stay.
struct open_queue {
    queue_entry* entry;
    Relation table;
    Oid queues;  ///< pgq.queue
    Oid sequence;
};

/// Finds the queue, locks its current table and gives the transaction its id. Errors: `No such queue` and the like.
open_queue open(text* name);
void close(open_queue const& queue);

/// `prefix_n`, as the table is written in statements.
char* event_table_name(queue_row const& row);

}  // namespace pgq::server
