// The row of pgq.queue that says where events go, read without SQL and never through the transaction's snapshot.
//
// A writer must see the newest committed row, whatever its isolation level: with an older one it could write into a
// table that rotation has left behind, where no batch looks. So rows are judged by SnapshotSelf, which asks "now". That
// is also all the check needs: the writer has its transaction id already, so if the switch of tables is not over at the
// check, then the second step of rotation will get a higher id, and batches look in both tables for ours.
#pragma once

#include <pg_extension/common/server.hpp>

namespace pgq::server {

/// Where a row version lies. The raw xmin tells it from a later tenant of the same place.
struct row_version {
    ItemPointerData place;
    TransactionId xmin;
};

struct queue_row {
    row_version version;
    int32 queue_id;
    int32 current_table;
    bool insert_disabled;
    int32 per_tx_limit;  ///< negative: none
    char* data_prefix;   ///< palloc'd, as is event_sequence
    char* event_sequence;
};

/// Opens pgq.queue with AccessShareLock. Close with NoLock.
Relation open_queue_table();

/// The relation id that open_queue_table found last, or InvalidOid.
Oid queue_table_oid();
void forget_queue_table();

/// Finds the row by name. False when there is none; errors when a column that must be set is null.
bool find_queue_row(Relation queues, Snapshot snapshot, text* name, queue_row& out);

/// False when VACUUM has cut off the page since; it cannot while we hold our lock, so one check per transaction is
/// enough.
bool place_exists(Relation queues, row_version const& version);

/// True while that version is the live one. Its page must exist.
bool is_live(Relation queues, row_version const& version);

}  // namespace pgq::server
