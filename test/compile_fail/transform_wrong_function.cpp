// expect: pgq::transform: the function must be const and callable with In const&
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
constexpr auto price = [](std::string const& text) { return text.size(); };
#else
constexpr auto price = [](order_placed const& order) { return order.cents; };
#endif

pgq::consumer const billing{orders, pgq::decode<order_placed>{}, pgq::transform{price}, [](auto const&) {}};
