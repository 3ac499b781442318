/// Stage that lets pass what a predicate accepts; the rest is skipped.
#pragma once

#include <pgq/chain.hpp>

#include <concepts>
#include <utility>

namespace pgq {

/// `filter{[](order_placed const& order) { return order.cents > 0; }}`; the predicate may also take the event.
template <class Predicate> struct filter {
    Predicate keep;

    template <class In> outcome operator()(In const& in, event const& ev, auto const& next) const {
        constexpr bool by_value = std::predicate<Predicate const&, In const&>;
        constexpr bool by_both = std::predicate<Predicate const&, In const&, event const&>;
        static_assert(by_value || by_both,
                      "pgq::filter: the predicate must be const and callable as bool(In const&) or "
                      "bool(In const&, event const&), for the In named above");
        if constexpr (by_value) {
            if (keep(in)) return next(in);
        } else if constexpr (by_both) {
            if (keep(in, ev)) return next(in);
        }
        return skipped();
    }
};
template <class Predicate> filter(Predicate) -> filter<Predicate>;

}  // namespace pgq
