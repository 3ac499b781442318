// expect: pgq: this handler takes the session: put pgq::same_transaction{} before the stages
// max-errors: 1
#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders,
#if !REJECT
        pgq::same_transaction{},
#endif
        [](pgq::event const& ev, pgq::transport auto& session) { pgq::query(session, "update", ev.id); },
};
