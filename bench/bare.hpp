// A session of libpq alone, as a program has it that does without any framework: the floor in a comparison.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>

namespace bare {

struct free_session {
    void operator()(PGconn* db) const { PQfinish(db); }
};
struct free_rows {
    void operator()(PGresult* rows) const { PQclear(rows); }
};
using session = std::unique_ptr<PGconn, free_session>;
using rows = std::unique_ptr<PGresult, free_rows>;

[[noreturn]] inline void fail(session const& db) {
    throw std::runtime_error{PQerrorMessage(db.get())};
}

inline session connect(char const* conninfo) {
    session db{PQconnectdb(conninfo)};
    if (PQstatus(db.get()) != CONNECTION_OK) fail(db);
    return db;
}

/// Takes the answer of a call that was to succeed.
inline rows checked(session const& db, PGresult* answer) {
    rows taken{answer};
    auto const status = PQresultStatus(answer);
    bool const fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN ||
                      status == PGRES_COPY_OUT || status == PGRES_PIPELINE_SYNC || status == PGRES_SINGLE_TUPLE;
    if (!fine) fail(db);
    return taken;
}

inline rows execute(session const& db, char const* text) {
    return checked(db, PQexec(db.get(), text));
}

}  // namespace bare
