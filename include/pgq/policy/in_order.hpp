/// How the events of a batch pass through the chain: here one after the other, on the thread that runs the consumer.
/// In parallel: <pgq/policy/keyed.hpp>.
#pragma once

namespace pgq {

struct order_axis;

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
