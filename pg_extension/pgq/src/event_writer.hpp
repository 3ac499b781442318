// Puts events into queues: the whole of pgq.insert_event_raw but for its calling convention.
#pragma once

#include "event.hpp"

namespace pgq::server {

/// Writes one event into the current table of the queue and returns its id. Runs with the rights of the current role.
/// Errors: `No such queue`, `Insert into queue disallowed`, `Queue '<name>' allows max <n> events from one TX`.
int64 write_event(text* queue, event_row& row);

/// Writes `count` events in order; their ids go to `ids`. All of them or, on error, none.
void write_events(text* queue, Datum const* types, bool const* type_nulls, Datum const* data, bool const* data_nulls,
                  int count, Datum* ids);

}  // namespace pgq::server
