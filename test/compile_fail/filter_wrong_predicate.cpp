// expect: pgq::filter: the predicate must be const and callable as bool(In const&)
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
constexpr auto dear = [](int cents) { return cents > 1000; };
#else
constexpr auto dear = [](order_placed const& order) { return order.cents > 1000; };
#endif

pgq::consumer const billing{orders, pgq::decode<order_placed>{}, pgq::filter{dear}, [](order_placed const&) {}};
