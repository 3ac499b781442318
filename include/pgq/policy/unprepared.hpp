/// What a consumer does on a session before its first batch there: here it is nothing. Another choice:
/// <pgq/policy/checked_tables.hpp>.
#pragma once

#include <pgq/chain.hpp>

namespace pgq {

struct start_axis;

/// With what unprepared says.
template <class S, class Db, class... Parts>
concept start_policy = policy<S> && requires(S const& policy, Db& db) {
    typename S::template checks<Parts...>;
    policy.template start<Parts...>(db);
};

/// The default.
///
/// A policy for this axis knows the consumer's parts: `checks<Parts...>` is made where the consumer is declared, to
/// refuse what does not fit; `start<Parts...>(db)` is called once for each session, and throws when no batch may be
/// taken on it.
struct unprepared {
    using policy_axis = start_axis;

    /// Every consumer will do.
    template <class...> struct checks {};
    /// Nothing is due.
    template <class...> void start(auto&) const {}
};

}  // namespace pgq
