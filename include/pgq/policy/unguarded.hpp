/// Whether a batch is watched for killing its process: here it is not. The other choice: <pgq/policy/bisected.hpp>.
#pragma once

#include <utility>

namespace pgq {

struct guard_axis;

/// The default.
///
/// A policy for this axis is called once per batch with the session, the batch and the stop token, and handles the
/// batch either by `whole()`, or event by event by `apart(pieces)`: see <pgq/policy/bisected.hpp>.
struct unguarded {
    using policy_axis = guard_axis;

    void operator()(auto&, auto const&, auto const&, auto&& whole, auto&&) const { whole(); }
};

}  // namespace pgq
