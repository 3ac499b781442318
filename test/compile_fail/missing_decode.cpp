// expect: pgq: the handler (the last argument) must be const and take (In const&)
// max-errors: 1
#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders,
#if !REJECT
        pgq::decode<order_placed>{},
#endif
        [](order_placed const&) {},
};
