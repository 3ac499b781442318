// expect: pgq::schema: each type is a described struct
// max-errors: 1
#include <pgq/stage/match_all.hpp>

#include <support/mistakes.hpp>

#if REJECT
using all = pgq::schema<order_placed, int>;
#else
using all = pgq::schema<order_placed, support::order_cancelled>;
#endif

pgq::consumer const billing{orders, pgq::match_all<all>(pgq::on<order_placed>([](order_placed const&) {}),
                                                        pgq::otherwise([](pgq::event const&) {}))};
