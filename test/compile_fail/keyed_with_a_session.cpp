// expect: pgq::keyed hands events to several threads, and a session belongs to one: it needs at_least_once
// max-errors: 1
#include <pgq/policy/keyed.hpp>

#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders,
#if REJECT
        pgq::same_transaction{},
#endif
        pgq::keyed{.key = [](pgq::event const& ev) { return ev.id; }}, [](pgq::event const&) {},
};
