// expect: pgq::match_all needs a pgq::schema<...> in angle brackets
// max-errors: 2
#include <pgq/stage/match_all.hpp>

#include <support/mistakes.hpp>

#if REJECT
using all = order_placed;
#else
using all = pgq::schema<order_placed>;
#endif

pgq::consumer const billing{orders, pgq::match_all<all>(pgq::on<order_placed>([](order_placed const&) {}))};
