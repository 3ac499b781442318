// expect: pgq: retry before a handler that takes the session needs pgq::savepoint between them
// max-errors: 1
#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders, pgq::same_transaction{}, pgq::retry{pgq::exponential{}},
#if !REJECT
        pgq::savepoint{},
#endif
        [](pgq::event const& ev, pgq::transport auto& session) { pgq::query(session, "update", ev.id); },
};
