// The long way into an event table: an INSERT statement, for tables with rules, triggers, row security and the like.
#pragma once

#include "queue_cache.hpp"

namespace pgq::server {

/// Inserts one complete row. Error: `Queue insert failed`.
void insert_by_statement(queue_entry& entry, event_row const& row);

}  // namespace pgq::server
