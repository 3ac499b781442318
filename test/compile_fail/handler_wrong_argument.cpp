// expect: pgq: the handler (the last argument) must be const and take (In const&)
// max-errors: 1
#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders, pgq::decode<order_placed>{},
#if REJECT
        [](std::string const&) {},
#else
        [](order_placed const&) {},
#endif
};
