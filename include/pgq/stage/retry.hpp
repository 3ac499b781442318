/// Stage that turns an exception of what follows into "try this event later", as long as its policy says so.
/// Not for failures of the session itself: a lost connection passes through, and where the handler runs in the batch's
/// transaction, an aborted transaction.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/error.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>

namespace pgq {

/// `optional<seconds>(int retries, exception const&) const`: the delay before the next attempt, nothing to give up.
/// `retries` counts the attempts before this one. Models: <pgq/policy/backoff.hpp>.
template <class P>
concept retry_policy = std::is_invocable_r_v<std::optional<std::chrono::seconds>, P const&, int, std::exception const&>;

/// What retry does with an event when its policy gives up.
enum class giving_up {
    sets_aside,  ///< verdict dead, with the error's message as reason
    rethrows     ///< the batch fails with the error
};

namespace detail {

/// True when no verdict may be formed from this failure, because nothing more can be said to the server. A transaction
/// that is not the batch's is the handler's own, and none of our business.
bool beyond_retry(std::exception const& failure, bool in_batch_transaction);

outcome failed(std::optional<std::chrono::seconds> delay, std::exception const& failure);

}  // namespace detail

/// `retry{exponential{.first = 10s, .limit = 1h}}`. Attempts are counted by the server (event::retry).
template <class Policy> struct retry {
    static_assert(retry_policy<Policy>, "pgq::retry needs a policy callable as std::optional<std::chrono::seconds>(int "
                                        "retries, std::exception const&) const");
    static constexpr bool swallows_failures = true;
    Policy delay_for;
    giving_up at_the_end = giving_up::sets_aside;

    template <class Next> outcome operator()(auto const& in, event const& ev, Next const& next) const {
        if constexpr (retry_policy<Policy>) {
            try {
                return next(in);
            } catch (std::exception const& failure) {
                if (detail::beyond_retry(failure, Next::has_session)) throw;
                std::optional<std::chrono::seconds> const delay = delay_for(ev.retry, failure);
                if (!delay && at_the_end == giving_up::rethrows) throw;
                return detail::failed(delay, failure);
            }
        } else {
            return next(in);
        }
    }
};
template <class P> retry(P) -> retry<P>;
template <class P> retry(P, giving_up) -> retry<P>;

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/stage/retry.ipp>
#endif
