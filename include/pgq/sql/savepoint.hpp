/// The one savepoint that stages use inside a batch's transaction. Not nested.
#pragma once

#include <pgq/transport.hpp>

namespace pgq::sql {

/// Sets the one savepoint that handlers run behind. Needs an open transaction.
void set_savepoint(transport auto& db) {
    query(db, "savepoint pgq_event");
}

/// Statements work again after it; the savepoint is still set.
void rollback_to_savepoint(transport auto& db) {
    query(db, "rollback to savepoint pgq_event");
}

/// Forgets the savepoint; what was done since is kept.
void release_savepoint(transport auto& db) {
    query(db, "release savepoint pgq_event");
}

}  // namespace pgq::sql
