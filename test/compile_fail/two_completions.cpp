// expect: pgq: two policies decide the same thing; a consumer takes one for the axis named above
// max-errors: 1
#include <support/mistakes.hpp>

pgq::consumer const billing {
    orders, pgq::same_transaction{},
#if REJECT
        pgq::at_least_once{},
#endif
        [](pgq::event const&) {},
};
