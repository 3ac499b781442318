// Where the triggers' events go: pgq.insert_event of seven arguments, as it is defined at that moment. When it is our
// own, the call goes straight to the code behind it; when somebody replaced it, it is called by SQL.
#pragma once

#include "trigger_args.hpp"

namespace pgq::server {

/// The fields of one event, by `overridable`.
struct event_text {
    Datum values[event_fields];
    bool nulls[event_fields];

    void set(int field, Datum value) {
        values[field] = value;
        nulls[field] = false;
    }
};

/// Sends one event. The role that changed the table, or the owner of the table, must be allowed to execute
/// pgq.insert_event.
void send_event(text* queue, event_text const& event, Oid table_owner);

}  // namespace pgq::server
