// expect: pgq::keyed: .key is callable as (pgq::event const&) const and gives an integer, a std::string_view
// max-errors: 1
#include <pgq/policy/keyed.hpp>

#include <support/mistakes.hpp>

#if REJECT
constexpr auto key = [](pgq::event const& ev) { return ev.extra; };
#else
constexpr auto key = [](pgq::event const& ev) { return ev.extra[0]; };
#endif
pgq::consumer const billing{orders, pgq::keyed{.key = key}, [](pgq::event const&) {}};
