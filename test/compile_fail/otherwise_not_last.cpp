// expect: pgq::match: otherwise(...) stands last
// max-errors: 1
#include <support/mistakes.hpp>

constexpr auto handle = [](order_placed const&) {};
constexpr auto ignore = [](pgq::event const&) {};

#if REJECT
pgq::consumer const billing{orders, pgq::match{pgq::otherwise(ignore), pgq::on<order_placed>(handle)}};
#else
pgq::consumer const billing{orders, pgq::match{pgq::on<order_placed>(handle), pgq::otherwise(ignore)}};
#endif
