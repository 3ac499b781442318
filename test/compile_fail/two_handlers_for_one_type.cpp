// expect: pgq::match: two branches take the same event type
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
using second = order_placed;
#else
using second = support::order_cancelled;
#endif

pgq::consumer const billing{
    orders,
    pgq::match{pgq::on<order_placed>([](order_placed const&) {}), pgq::on<second>([](second const&) {})},
};
