// expect: pgq::tracked follows the ticks of one consumer, and members of a coop_subscription share them
// max-errors: 1
#include <pgq/policy/tracked.hpp>
#include <pgq/source/coop_subscription.hpp>

#include <support/mistakes.hpp>

#if REJECT
pgq::consumer const billing{pgq::coop_subscription{"orders", "billing", "one"}, pgq::tracked{"dbname=there"},
                            [](pgq::event const&) {}};
#else
pgq::consumer const billing{orders, pgq::tracked{"dbname=there"}, [](pgq::event const&) {}};
#endif
