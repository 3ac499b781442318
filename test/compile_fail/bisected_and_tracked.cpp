// expect: pgq::bisected commits event by event, and pgq::tracked by batch: bisected needs at_least_once or same_transaction
// max-errors: 1
#include <pgq/policy/bisected.hpp>
#include <pgq/policy/tracked.hpp>

#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders, pgq::bisected{},
#if REJECT
        pgq::tracked{"dbname=there"},
#endif
        [](pgq::event const&) {},
};
