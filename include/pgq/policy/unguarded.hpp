/// Whether a batch is watched for killing its process: here it is not. The other choice: <pgq/policy/bisected.hpp>.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/policy/choice.hpp>
#include <pgq/sql/batch.hpp>

#include <stop_token>
#include <utility>

namespace pgq {

struct guard_axis;

namespace detail {

struct any_whole {
    void operator()() const {}
};
struct any_apart {
    template <class Pieces> void operator()(Pieces&&) const {}
};

}  // namespace detail

/// Called as unguarded says: the policy itself, or what its `start() const` gives, which lives as long as the consumer.
template <class G, class Db>
concept guard_policy =
    policy<G> && requires(detail::working<G>& guard, Db& db, batch_info const& batch, std::stop_token const& stop) {
        guard(db, batch, stop, detail::any_whole{}, detail::any_apart{});
    };

/// The default.
///
/// A policy for this axis is called once per batch with the session, the batch and the stop token, and handles the
/// batch either by `whole()`, or event by event by `apart(pieces)`: see <pgq/policy/bisected.hpp>.
struct unguarded {
    using policy_axis = guard_axis;

    void operator()(auto&, auto const&, auto const&, auto&& whole, auto&&) const { whole(); }
};

}  // namespace pgq
