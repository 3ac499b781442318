// Module pgq_lowlevel: what SQL calls. The names of module and symbols are those of the original, so that pg_upgrade
// finds them.
#include "event_sink.hpp"
#include "event_writer.hpp"

using namespace pgq::server;

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(pgq_insert_event_raw);
PG_FUNCTION_INFO_V1(pgq_insert_event_3);
PG_FUNCTION_INFO_V1(pgq_insert_event_7);
PG_FUNCTION_INFO_V1(pgq_insert_events);

/// For module pgq_triggers, which looks it up by this name: queue, type, data and the four extras.
int64 pgq_write_event_v1(text* queue, Datum const* fields, bool const* nulls);
}
#pragma GCC visibility pop

namespace {

constexpr int written_fields = ev_extra4 - ev_type + 1;

text* queue_argument(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(0)) elog(ERROR, "Queue name must not be NULL");
    return PG_GETARG_TEXT_PP(0);
}

/// Copies SQL arguments from `first_argument` on to the event's columns from `first_column` on.
void take_arguments(FunctionCallInfo fcinfo, int first_argument, event_row& row, int first_column) {
    int column = first_column;
    for (int i = first_argument; i < PG_NARGS() && column < event_columns; i++, column++) {
        if (column == ev_txid) column++;
        if (!PG_ARGISNULL(i)) row.set(column, PG_GETARG_DATUM(i));
    }
}

struct text_array {
    Datum* values;
    bool* nulls;
    int count;
};

text_array array_argument(FunctionCallInfo fcinfo, int argument, char const* name) {
    if (PG_ARGISNULL(argument))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name));
    ArrayType* array = PG_GETARG_ARRAYTYPE_P(argument);
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s must be a one-dimensional array", name));
    text_array out{nullptr, nullptr, 0};
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &out.values, &out.nulls, &out.count);
    return out;
}

}  // namespace

int64 pgq_write_event_v1(text* queue, Datum const* fields, bool const* nulls) {
    event_row row;
    row.clear();
    for (int i = 0; i < written_fields; i++)
        if (!nulls[i]) row.set(ev_type + i, fields[i]);
    return write_event(queue, row);
}

Datum pgq_insert_event_raw(PG_FUNCTION_ARGS) {
    if (PG_NARGS() < 6) elog(ERROR, "Need at least 6 arguments");
    text* queue = queue_argument(fcinfo);
    event_row row;
    row.clear();
    take_arguments(fcinfo, 1, row, ev_id);
    PG_RETURN_INT64(write_event(queue, row));
}

/// Forwards to the function of seven arguments, also when that has been replaced.
Datum pgq_insert_event_3(PG_FUNCTION_ARGS) {
    event_text event;
    memset(event.nulls, true, sizeof event.nulls);
    if (!PG_ARGISNULL(1)) event.set(field_type, PG_GETARG_DATUM(1));
    if (!PG_ARGISNULL(2)) event.set(field_data, PG_GETARG_DATUM(2));
    sent_event const sent = send_event(queue_argument(fcinfo), event, InvalidOid);
    if (sent.null) PG_RETURN_NULL();
    PG_RETURN_INT64(sent.id);
}

Datum pgq_insert_event_7(PG_FUNCTION_ARGS) {
    text* queue = queue_argument(fcinfo);
    event_row row;
    row.clear();
    take_arguments(fcinfo, 1, row, ev_type);
    PG_RETURN_INT64(write_event(queue, row));
}

Datum pgq_insert_events(PG_FUNCTION_ARGS) {
    text* queue = queue_argument(fcinfo);
    text_array const types = array_argument(fcinfo, 1, "types");
    text_array const data = array_argument(fcinfo, 2, "data");
    if (types.count != data.count)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("types and data must have the same length, not %d and %d", types.count, data.count));
    Datum* ids = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(types.count + 1)));
    write_events(queue, types.values, types.nulls, data.values, data.nulls, types.count, ids);
    PG_RETURN_ARRAYTYPE_P(construct_array(ids, types.count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
