// expect: pgq: a handler returns void or pgq::outcome, not the Result named above
// max-errors: 1
#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders, pgq::decode<order_placed>{},
#if REJECT
        [](order_placed const& order) { return order.cents > 0; },
#else
        [](order_placed const& order) { return order.cents > 0 ? pgq::done() : pgq::skipped(); },
#endif
};
