/// What a consumer asks of its source and of the policies among its parts, in sentences. Not for users:
/// <pgq/consumer.hpp>.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/policy/choice.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/dead_letters.hpp>
#include <pgq/policy/default_fetch.hpp>
#include <pgq/policy/in_order.hpp>
#include <pgq/policy/unguarded.hpp>
#include <pgq/policy/unprepared.hpp>
#include <pgq/policy/wait.hpp>

#include <concepts>

namespace pgq::detail {

template <bool Fits, class Source, class Db> struct checked_source {
    static_assert(Fits,
                  "pgq: the first argument of a consumer is a source with next(db), finish(db, batch_id), queue and "
                  "consumer, for the Source and Db named above");
};

// Named are the policy and, where it is known, the session.
template <bool Fits, class... Named> struct checked_completion_policy {
    static_assert(Fits, "pgq: a completion policy has a static constexpr bool gives_session and is called as (db, "
                        "effects, settle), for the policy named above");
};
template <bool Fits, class... Named> struct checked_order_policy {
    static_assert(Fits,
                  "pgq: an order policy has a static constexpr bool on_one_thread and is called as (each, handle, "
                  "note, pause, relieve), for the policy named above");
};
template <bool Fits, class... Named> struct checked_guard_policy {
    static_assert(Fits, "pgq: a guard policy is called as (db, batch_info, stop_token, whole, apart), for the policy "
                        "named above");
};
template <bool Fits, class... Named> struct checked_start_policy {
    static_assert(Fits, "pgq: a start policy has a member template checks<Parts...> and start<Parts...>(db) const, for "
                        "the policy named above");
};
template <bool Fits, class... Named> struct checked_dead_letters_policy {
    static_assert(Fits, "pgq: a policy for dead letters has queue_for(std::string_view) const, which gives a "
                        "std::string, for the policy named above");
};
template <bool Fits, class Part> struct checked_axis {
    static_assert(Fits, "pgq: policy_axis is pgq::completion_axis, fetch_axis, order_axis, guard_axis, wait_axis, "
                        "start_axis or dead_letters_axis, unlike that of the policy named above");
};

template <class Axis, class... Axes> inline constexpr bool axis_among = (std::same_as<Axis, Axes> || ...);

template <class Part> inline constexpr bool has_known_axis = true;
template <policy Part>
inline constexpr bool has_known_axis<Part> =
    axis_among<typename Part::policy_axis, completion_axis, fetch_axis, order_axis, guard_axis, wait_axis, start_axis,
               dead_letters_axis>;

/// The policies of a consumer with these parts.
template <class... Parts> struct policies {
    using completion = chosen<completion_axis, at_least_once, Parts...>;
    using order = chosen<order_axis, in_order, Parts...>;
    using guard = chosen<guard_axis, unguarded, Parts...>;
    using starting = chosen<start_axis, unprepared, Parts...>;
    using letters = chosen<dead_letters_axis, dead_letters, Parts...>;
    using any_fetch = chosen<fetch_axis, whole_batch, Parts...>;
    template <class Db> using fetch = chosen<fetch_axis, typename default_fetch<Db>::type, Parts...>;

    static constexpr bool gives_session = [] {
        if constexpr (says_gives_session<completion>) return completion::gives_session;
        else return true;
    }();
    static constexpr bool on_one_thread = [] {
        if constexpr (says_on_one_thread<order>) return order::on_one_thread;
        else return true;
    }();

    // Conditions first and sentences apart from them: clang takes no value from what has failed.
    static constexpr bool axes_fit = (has_known_axis<Parts> && ...);
    static constexpr bool start_fits = requires { typename starting::template checks<Parts...>; };
    static constexpr bool fit = axes_fit && says_gives_session<completion> && order_policy<order> && start_fits &&
                                dead_letters_policy<letters> && says_keeps<any_fetch>;
    template <class Db>
    static constexpr bool fit_session =
        completion_policy<completion, Db> && guard_policy<guard, Db> && fetch_policy<fetch<Db>, Db>;

    /// As far as can be seen without a session.
    static constexpr void check() {
        (static_cast<void>(checked_axis<has_known_axis<Parts>, Parts>{}), ...);
        static_cast<void>(checked_completion_policy<says_gives_session<completion>, completion>{});
        static_cast<void>(checked_order_policy<order_policy<order>, order>{});
        static_cast<void>(checked_start_policy<start_fits, starting>{});
        static_cast<void>(checked_dead_letters_policy<dead_letters_policy<letters>, letters>{});
        static_cast<void>(checked_fetch_policy<says_keeps<any_fetch>, any_fetch>{});
    }
    /// The rest.
    template <class Db> static constexpr void check_session() {
        static_cast<void>(checked_completion_policy<completion_policy<completion, Db>, completion, Db>{});
        static_cast<void>(checked_guard_policy<guard_policy<guard, Db>, guard, Db>{});
        static_cast<void>(checked_fetch_policy<fetch_policy<fetch<Db>, Db>, fetch<Db>, Db>{});
    }
};

}  // namespace pgq::detail
