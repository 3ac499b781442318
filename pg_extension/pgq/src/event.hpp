// One event on its way into a queue. Plain data: frames that hold it may be left by longjmp.
#pragma once

#include <pg_extension/common/server.hpp>

namespace pgq::server {

/// The columns of pgq.event_template, in its order.
enum event_column : int {
    ev_id,
    ev_time,
    ev_txid,
    ev_owner,
    ev_retry,
    ev_type,
    ev_data,
    ev_extra1,
    ev_extra2,
    ev_extra3,
    ev_extra4,
    event_columns
};

inline constexpr char const* event_column_names[event_columns] = {
    "ev_id",   "ev_time",   "ev_txid",   "ev_owner",  "ev_retry",  "ev_type",
    "ev_data", "ev_extra1", "ev_extra2", "ev_extra3", "ev_extra4",
};

inline constexpr Oid event_column_types[event_columns] = {
    INT8OID, TIMESTAMPTZOID, INT8OID, INT4OID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
};

/// Values by event_column. A null ev_id or ev_time is filled in by the writer; ev_txid always is.
struct event_row {
    Datum values[event_columns];
    bool nulls[event_columns];

    void set(int column, Datum value) {
        values[column] = value;
        nulls[column] = false;
    }
    void clear() {
        memset(values, 0, sizeof values);
        memset(nulls, true, sizeof nulls);
    }
};

}  // namespace pgq::server
