/// The end of a chain that takes several event types: one branch for each, chosen by the event's type.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/schema.hpp>
#include <pgq/stage/decode.hpp>

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace pgq {
namespace detail {

template <bool Fits, class... Parts> struct checked_branch {
    static_assert(Fits, "pgq: a policy decides for the whole consumer: it stands before match, not in the branch with "
                        "the parts named above");
};

}  // namespace detail

/// A branch for events that hold an `E`: stages if wanted, then a handler of E.
template <class E, class Format, class... Parts> class branch {
public:
    using accepted = E;
    using checks = detail::chain<E, Parts...>;
    static constexpr bool fallback = false;

    explicit constexpr branch(Parts... parts) : parts_{std::move(parts)...} {
        static_cast<void>(detail::checked_branch<(!policy<Parts> && ...), Parts...>{});
    }

    /// Whether an event is for this branch.
    [[nodiscard]] static bool accepts(event const& ev) { return event_reader<E, Format>::accepts(ev); }
    /// The same branch for payloads in another format.
    template <class Other> constexpr branch<E, Other, Parts...> in() && {
        return std::apply([](auto&... parts) { return branch<E, Other, Parts...>{std::move(parts)...}; }, parts_);
    }

    template <class Session> outcome operator()(event const& ev, Session& session) const {
        return std::apply(
            [&](auto const&... parts) { return detail::pass(ev, ev, session, decode<E, Format>{}, parts...); }, parts_);
    }

private:
    std::tuple<Parts...> parts_;
};

/// The branch for events that no other takes; its handler gets the event itself.
template <class... Parts> class fallback_branch {
public:
    using accepted = event;
    using checks = detail::chain<event, Parts...>;
    static constexpr bool fallback = true;

    explicit constexpr fallback_branch(Parts... parts) : parts_{std::move(parts)...} {
        static_cast<void>(detail::checked_branch<(!policy<Parts> && ...), Parts...>{});
    }

    /// It takes every event, whatever the format.
    [[nodiscard]] static bool accepts(event const&) { return true; }
    template <class> constexpr fallback_branch in() && { return std::move(*this); }

    template <class Session> outcome operator()(event const& ev, Session& session) const {
        return std::apply([&](auto const&... parts) { return detail::pass(ev, ev, session, parts...); }, parts_);
    }

private:
    std::tuple<Parts...> parts_;
};

/// The branch for events that are of no interest here, known though they are.
template <class E> class ignored_branch {
public:
    using accepted = E;
    struct checks {
        static constexpr bool fits = true, takes_session = false, exposed = false;
    };
    static constexpr bool fallback = false;

    /// Whether an event is for this branch; the format of its payload does not matter.
    [[nodiscard]] static bool accepts(event const& ev) { return event_reader<E, urlencoded>::accepts(ev); }
    template <class> constexpr ignored_branch in() && { return {}; }

    template <class Session> outcome operator()(event const&, Session&) const { return skipped(); }
};

/// `on<order_placed>(handler)`, `on<order_placed, json>(filter{...}, handler)`
template <class E, class Format = urlencoded, class... Parts> constexpr branch<E, Format, Parts...> on(Parts... parts) {
    return branch<E, Format, Parts...>{std::move(parts)...};
}

/// `ignore<order_cancelled>()`: events of this type are skipped, and kept from otherwise(...).
template <class E> constexpr ignored_branch<E> ignore() {
    return {};
}

/// `otherwise([](event const& ev) { ... })`; stands last. Without it, events of other types are skipped.
template <class... Parts> constexpr fallback_branch<Parts...> otherwise(Parts... parts) {
    return fallback_branch<Parts...>{std::move(parts)...};
}

namespace detail {

template <class A, class B> struct checked_pair {
    static constexpr bool distinct = distinct_events<A, B>;
    static_assert(distinct, "pgq::match: two branches take the same event type, those of the two types named above");
};
template <class... Types> struct checked_types {
    static constexpr bool fits = true;
};
template <class First, class... Rest> struct checked_types<First, Rest...> {
    static constexpr bool fits = (checked_pair<First, Rest>::distinct && ...) && checked_types<Rest...>::fits;
};

}  // namespace detail

/// `match{on<order_placed>(f), on<order_cancelled>(g), otherwise(h)}`: a handler of events.
template <class... Branches> class match {
public:
    using routes = match;
    static constexpr bool fits =
        detail::checked_types<typename Branches::accepted...>::fits && (Branches::checks::fits && ...);
    static constexpr bool takes_session = (Branches::checks::takes_session || ...);
    static constexpr bool exposed = (Branches::checks::exposed || ...);

    explicit constexpr match(Branches... branches) : branches_{std::move(branches)...} {}

    /// Passes the event to the first branch that takes it; how the chain calls this handler.
    template <class Session> outcome route(event const& ev, Session& session) const { return try_from<0>(ev, session); }

private:
    template <std::size_t I, class Session> outcome try_from(event const& ev, Session& session) const {
        if constexpr (I == sizeof...(Branches)) {
            return skipped();
        } else {
            auto const& candidate = std::get<I>(branches_);
            static_assert(!std::tuple_element_t<I, std::tuple<Branches...>>::fallback || I + 1 == sizeof...(Branches),
                          "pgq::match: otherwise(...) stands last");
            return candidate.accepts(ev) ? candidate(ev, session) : try_from<I + 1>(ev, session);
        }
    }

    std::tuple<Branches...> branches_;
};

}  // namespace pgq
