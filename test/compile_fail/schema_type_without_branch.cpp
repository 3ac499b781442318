// expect: pgq::match_all: a type of the schema has no branch: add on<Forgotten>(...), ignore<Forgotten>() or otherwise(...)
// max-errors: 1
#include <pgq/stage/match_all.hpp>

#include <support/mistakes.hpp>

using all = pgq::schema<order_placed, support::order_cancelled>;

pgq::consumer const billing {
    orders, pgq::match_all<all>(
#if !REJECT
                pgq::ignore<support::order_cancelled>(),
#endif
                pgq::on<order_placed>([](order_placed const&) {}))
};
