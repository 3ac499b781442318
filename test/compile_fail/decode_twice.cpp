// expect: pgq: a stage must be callable as outcome(In const&, event const&, next) const
// max-errors: 1
#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders, pgq::decode<order_placed>{},
#if REJECT
        pgq::decode<order_placed>{},
#endif
        [](order_placed const&) {},
};
