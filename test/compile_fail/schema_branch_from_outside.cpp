// expect: pgq::match_all: a branch takes events that are not of the schema, see the branch named above
// max-errors: 1
#include <pgq/stage/match_all.hpp>

#include <support/mistakes.hpp>

#if REJECT
using all = pgq::schema<order_placed>;
#else
using all = pgq::schema<order_placed, support::order_cancelled>;
#endif

pgq::consumer const billing{
    orders, pgq::match_all<all>(pgq::on<order_placed>([](order_placed const&) {}),
                                pgq::on<support::order_cancelled>([](support::order_cancelled const&) {}))};
