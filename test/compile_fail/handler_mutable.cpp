// expect: pgq: the handler (the last argument) must be const and take (In const&)
// max-errors: 1
#include <support/mistakes.hpp>

void count() {
    int bills = 0;
    pgq::consumer const billing {
        orders, pgq::decode<order_placed>{},
#if REJECT
            [bills](order_placed const&) mutable { ++bills; },
#else
            [&bills](order_placed const&) { ++bills; },
#endif
    };
}
