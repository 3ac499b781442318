/// How the events of a batch pass through the chain: here one after the other, on the thread that runs the consumer.
/// In parallel: <pgq/policy/keyed.hpp>.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/event.hpp>
#include <pgq/outcome.hpp>
#include <pgq/policy/choice.hpp>

#include <type_traits>

namespace pgq {

struct order_axis;

namespace detail {

template <class O> concept says_on_one_thread = requires { typename std::bool_constant<O::on_one_thread>; };

struct any_batch {
    void operator()(auto const& take) const { take(event{}); }
};
struct any_chain {
    outcome operator()(event const&) const { return {}; }
};
struct any_book {
    void operator()(event const&, outcome const&) const {}
};
struct any_pause {
    void operator()() const {}
};

}  // namespace detail

/// Called as in_order says: the policy itself, or what its `start() const` gives, which lives as long as the consumer.
/// `on_one_thread` is a `static constexpr bool`: whether `handle` is called on the consumer's thread only.
template <class O>
concept order_policy = policy<O> && detail::says_on_one_thread<O> && requires(detail::working<O>& order) {
    order(detail::any_batch{}, detail::any_chain{}, detail::any_book{}, detail::any_pause{}, detail::any_pause{});
};

/// The default: each event when the one before it has been handled.
///
/// A policy for this axis is called once per batch. `each(f)` calls f with every event, whose views live until f
/// returns; `handle(event const&)` gives the verdict and throws what stages and handler throw; `note(event const&,
/// outcome const&)` keeps it, for one thread at a time; `pause()` is called between events on the consumer's thread and
/// throws when it is time to stop; `relieve()` likewise, never at the same time as `note`.
struct in_order {
    using policy_axis = order_axis;
    static constexpr bool on_one_thread = true;

    void operator()(auto&& each, auto&& handle, auto&& note, auto&& pause, auto&& relieve) const {
        each([&](auto const& ev) {
            pause();
            note(ev, handle(ev));
            relieve();
        });
    }
};

}  // namespace pgq
