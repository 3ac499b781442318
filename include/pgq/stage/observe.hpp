/// Stage that shows each event and its verdict to a function, for logs and figures. It changes nothing.
#pragma once

#include <pgq/chain.hpp>

#include <concepts>

namespace pgq {

/// `observe{[&](event const& ev, outcome const& verdict) { ... }}`: called after the stages that follow have returned;
/// not when they throw.
template <class F> struct observe {
    static_assert(std::invocable<F const&, event const&, outcome const&>,
                  "pgq::observe: the function must be const and callable as void(event const&, outcome const&)");
    F show;

    outcome operator()(auto const& in, event const& ev, auto const& next) const {
        outcome verdict = next(in);
        show(ev, static_cast<outcome const&>(verdict));
        return verdict;
    }
};
template <class F> observe(F) -> observe<F>;

}  // namespace pgq
