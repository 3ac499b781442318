#include "sql_insert.hpp"

#include <pg_extension/common/pinned.hpp>

namespace pgq::server {

namespace {

/// All but ev_txid, which comes from the column's default.
constexpr event_column sent[] = {ev_id,   ev_time,   ev_owner,  ev_retry,  ev_type,
                                 ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4};
constexpr int sent_count = static_cast<int>(lengthof(sent));

void prepare(queue_entry& entry) {
    char* target = event_table_name(entry.row);
    if (entry.statement != nullptr && strcmp(entry.statement_target, target) == 0) return;
    Oid types[sent_count];
    for (int i = 0; i < sent_count; i++)
        types[i] = event_column_types[sent[i]];
    char* sql =
        psprintf("insert into %s (ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data,"
                 " ev_extra1, ev_extra2, ev_extra3, ev_extra4) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                 target);
    SPIPlanPtr plan = SPI_prepare(sql, sent_count, types);
    if (plan == nullptr) elog(ERROR, "pgq_insert: SPI_prepare() failed");
    char* kept_target = MemoryContextStrdup(TopMemoryContext, target);
    SPI_keepplan(plan);
    SPIPlanPtr old = entry.statement;
    char* old_target = entry.statement_target;
    entry.statement = plan;
    entry.statement_target = kept_target;
    if (old == nullptr) return;
    SPI_freeplan(old);
    pfree(old_target);
}

}  // namespace

void insert_by_statement(queue_entry& entry, event_row const& row) {
    Datum values[sent_count];
    char nulls[sent_count];
    for (int i = 0; i < sent_count; i++) {
        values[i] = row.values[sent[i]];
        nulls[i] = row.nulls[sent[i]] ? 'n' : ' ';
    }
    // Code hung onto the event table must not find its names through the path of a caller whose rights it does not run
    // with.
    search_path_guard path{runs_with_other_rights()};
    if (SPI_connect() < 0) elog(ERROR, "SPI_connect() failed");
    prepare(entry);
    if (SPI_execute_plan(entry.statement, values, nulls, false, 0) != SPI_OK_INSERT) elog(ERROR, "Queue insert failed");
    if (SPI_finish() < 0) elog(ERROR, "SPI_finish failed");
    path.leave();
}

}  // namespace pgq::server
