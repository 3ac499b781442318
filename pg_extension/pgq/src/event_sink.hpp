// The call of pgq.insert_event of seven arguments, as it is defined at that moment. When it is our own, the call goes
// straight to the code behind it; when somebody replaced it, it is called by SQL.
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

/// The id that pgq.insert_event returned; a replaced one may return null.
struct sent_event {
    int64 id;
    bool null;
};

/// Sends one event. The current role must be allowed to execute pgq.insert_event or, where a table's change is sent,
/// the owner of that table. @param table_owner InvalidOid: there is no table
sent_event send_event(text* queue, event_text const& event, Oid table_owner);

}  // namespace pgq::server
