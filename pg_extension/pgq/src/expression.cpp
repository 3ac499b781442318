#include "expression.hpp"

namespace pgq::server {

namespace {

void prepare(expression& what) {
    if (what.plan != nullptr) return;
    Oid types[FUNC_MAX_ARGS];
    for (int i = 0; i < what.parsed.references; i++)
        types[i] = what.parsed.reference[i].type;
    SPIPlanPtr plan = SPI_prepare(what.parsed.sql, what.parsed.references, types);
    if (plan == nullptr) elog(ERROR, "pgq_triggers: SPI_prepare() failed");
    SPI_keepplan(plan);
    what.plan = plan;
    what.type = InvalidOid;
}

/// Runs the statement and leaves its one row in SPI_tuptable. SPI must be connected.
void run(expression& what, visible_rows const& rows, MemoryContext memory) {
    prepare(what);
    Datum values[FUNC_MAX_ARGS];
    char nulls[FUNC_MAX_ARGS];
    for (int i = 0; i < what.parsed.references; i++) {
        column_reference const& at = what.parsed.reference[i];
        row_values const* row = at.old ? rows.old : at.fresh ? rows.fresh : rows.event;
        bool const null = row == nullptr || row->nulls[at.index];
        values[i] = null ? Datum{} : row->values[at.index];
        nulls[i] = null ? 'n' : ' ';
    }
    if (SPI_execute_plan(what.plan, values, nulls, true, 0) != SPI_OK_SELECT) elog(ERROR, "Override query failed");
    if (SPI_processed != 1) elog(ERROR, "Expect 1 row from override query, got %d", static_cast<int>(SPI_processed));
    // An empty expression selects no column at all: its value is null.
    Oid const type = SPI_tuptable->tupdesc->natts > 0 ? SPI_gettypeid(SPI_tuptable->tupdesc, 1) : InvalidOid;
    if (what.type == type) return;
    what.output = output_of(type, memory);
    what.type = type;
}

}  // namespace

field_value evaluate(expression& what, visible_rows const& rows, MemoryContext memory) {
    MemoryContext const outer = CurrentMemoryContext;
    if (SPI_connect() < 0) elog(ERROR, "SPI_connect() failed");
    run(what, rows, memory);
    field_value out{Datum{}, true};
    Datum value{};
    if (OidIsValid(what.type)) value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &out.null);
    if (!out.null) {
        char scratch[scratch_size];
        std::string_view const text = text_of(what.output, value, scratch);
        MemoryContext const inner = MemoryContextSwitchTo(outer);
        out.text = make_text(text);
        MemoryContextSwitchTo(inner);
    }
    SPI_finish();
    return out;
}

bool evaluate_when(expression& what, visible_rows const& rows, MemoryContext memory) {
    if (SPI_connect() < 0) elog(ERROR, "SPI_connect() failed");
    run(what, rows, memory);
    if (what.type != BOOLOID) elog(ERROR, "when= query result must be boolean, got=%u", what.type);
    bool null = false;
    Datum const value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
    if (null) elog(ERROR, "when= should not be NULL");
    bool const result = DatumGetBool(value);
    SPI_finish();
    return result;
}

}  // namespace pgq::server
