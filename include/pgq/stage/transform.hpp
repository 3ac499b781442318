/// Stage that hands on what a function makes of its input.
#pragma once

#include <pgq/chain.hpp>

#include <concepts>
#include <type_traits>

namespace pgq {
namespace detail {

template <class F, class In> struct transformed {
    static_assert(std::invocable<F const&, In const&>,
                  "pgq::transform: the function must be const and callable with In const&, for the In named above");
    static constexpr bool fits = false;
    using type = In;
};
template <class F, class In>
    requires std::invocable<F const&, In const&>
struct transformed<F, In> {
    using result = std::remove_cvref_t<std::invoke_result_t<F const&, In const&>>;
    static constexpr bool fits = !std::is_void_v<result>;
    static_assert(fits, "pgq::transform: the function must return the value to hand on");
    using type = std::conditional_t<fits, result, In>;
};

}  // namespace detail

/// `transform{[](order_placed const& order) { return to_invoice(order); }}`
template <class F> struct transform {
    F make;

    template <class In> using output_for = typename detail::transformed<F, In>::type;

    template <class In> outcome operator()(In const& in, event const&, auto const& next) const {
        if constexpr (detail::transformed<F, In>::fits) return next(make(in));
        else return skipped();
    }
};
template <class F> transform(F) -> transform<F>;

}  // namespace pgq
