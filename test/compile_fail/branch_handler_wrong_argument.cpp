// expect: pgq: the handler (the last argument) must be const and take (In const&)
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
constexpr auto handle = [](support::order_cancelled const&) {};
#else
constexpr auto handle = [](order_placed const&) {};
#endif

pgq::consumer const billing{orders, pgq::match{pgq::on<order_placed>(handle)}};
