// Bodies of <pgq/libpq/detail/collect.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/collect.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE result_handle collect(session& db, call& running) {
    db.flush(running);
    result_handle last;
    result_handle failed;
    while (auto answer = db.next(running)) {
        switch (PQresultStatus(answer.get())) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            last = std::move(answer);
            break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            answer.reset();
            db.abandon(running);
            throw usage_error{
                "execute() runs no COPY that moves data through the client: use copy_begin() or copy_out()"};
        default:
            if (!failed) failed = std::move(answer);
        }
    }
    if (failed) db.raise(failed.get(), running);
    if (!last) db.lost(running);
    db.settle(running);
    return last;
}

}  // namespace pgq::libpq::detail
