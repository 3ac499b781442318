/// What a consumer does on a session before its first batch there: here it is nothing. Another choice:
/// <pgq/policy/checked_tables.hpp>.
#pragma once

namespace pgq {

struct start_axis;

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
