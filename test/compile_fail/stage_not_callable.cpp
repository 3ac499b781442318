// expect: pgq: a stage must be callable as outcome(In const&, event const&, next) const
// max-errors: 1
#include <support/mistakes.hpp>

struct audit {
#if REJECT
    pgq::outcome operator()(auto const& in, auto const& next) const { return next(in); }
#else
    pgq::outcome operator()(auto const& in, pgq::event const&, auto const& next) const { return next(in); }
#endif
};

pgq::consumer const billing{orders, audit{}, [](pgq::event const&) {}};
