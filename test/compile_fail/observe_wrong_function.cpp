// expect: pgq::observe: the function must be const and callable as void(event const&, outcome const&)
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
constexpr auto show = [](pgq::event const&) {};
#else
constexpr auto show = [](pgq::event const&, pgq::outcome const&) {};
#endif

pgq::consumer const billing{orders, pgq::observe{show}, [](pgq::event const&) {}};
