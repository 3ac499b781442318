/// How a consumer finds among its parts the policy for an axis. Not for users: <pgq/consumer.hpp>.
#pragma once

#include <pgq/chain.hpp>

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace pgq::detail {

template <class Part, class Axis> concept decides = policy<Part> && std::same_as<typename Part::policy_axis, Axis>;

template <class Axis, class... Parts>
inline constexpr std::size_t decided = (std::size_t{decides<Parts, Axis>} + ... + 0);

template <class Axis, std::size_t N> struct checked_choice {
    static_assert(N <= 1, "pgq: two policies decide the same thing; a consumer takes one for the axis named above");
};
template <bool Fits, class Policy> struct checked_copy {
    static_assert(Fits, "pgq: a policy can be copied; what cannot is made by its start() const, for the policy named "
                        "above");
};

/// The policy for an axis, or the default when the user named none.
template <class Axis, class Default, class... Parts> auto choice(std::tuple<Parts...> const& parts) {
    static_cast<void>(checked_choice<Axis, decided<Axis, Parts...>>{});
    if constexpr (decided<Axis, Parts...> == 0) {
        return Default{};
    } else {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            constexpr std::size_t at = ((decides<Parts, Axis> ? I : 0) + ...);
            constexpr bool fits = std::copy_constructible<std::tuple_element_t<at, std::tuple<Parts...>>>;
            static_cast<void>(checked_copy<fits, std::tuple_element_t<at, std::tuple<Parts...>>>{});
            if constexpr (fits) return std::get<at>(parts);
            else return Default{};
        }(std::index_sequence_for<Parts...>{});
    }
}

/// What does a policy's work while the consumer lives: the policy itself, or what it starts if it has something to keep
/// from batch to batch, such as a session or threads.
template <class Policy> auto started(Policy const& policy) {
    if constexpr (requires { requires !std::is_void_v<decltype(policy.start())>; }) return policy.start();
    else return policy;
}
template <class Policy> using working = decltype(started(std::declval<Policy const&>()));
template <class Axis, class Default, class... Parts> auto start(std::tuple<Parts...> const& parts) {
    return started(choice<Axis, Default>(parts));
}

/// The policy's type, and that of what works for it.
template <class Axis, class Default, class... Parts>
using chosen = decltype(choice<Axis, Default>(std::declval<std::tuple<Parts...> const&>()));
template <class Axis, class Default, class... Parts> using running = working<chosen<Axis, Default, Parts...>>;

}  // namespace pgq::detail
