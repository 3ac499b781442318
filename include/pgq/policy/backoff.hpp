/// Retry policies: how long to wait before an event is tried again, and when to give up.
/// Each is a value `optional<seconds>(int retries, exception const&) const`; combine them freely, or write a lambda.
#pragma once

#include <pgq/error.hpp>
#include <pgq/stage/retry.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {
namespace detail {

/// A number below `bound`, different from call to call and from process to process; no more is needed of it.
std::uint64_t scattered(std::uint64_t bound);

/// first, 2 * first, 4 * first, ... never above limit, however large `step`.
std::int64_t doubled(std::int64_t first, std::int64_t limit, int step);

/// Takes up to `share` percent off, so that what failed together does not come back together.
std::int64_t jittered(std::int64_t value, int share);

}  // namespace detail

/// Gives up at once: with `retry`, the first failure sets an event aside.
struct never {
    std::optional<std::chrono::seconds> operator()(int, std::exception const&) const { return std::nullopt; }
};

/// The same delay each time, `attempts` times in all.
struct fixed {
    std::chrono::seconds delay{60};
    int attempts = 10;

    std::optional<std::chrono::seconds> operator()(int retries, std::exception const&) const {
        if (retries + 1 >= attempts) return std::nullopt;
        return delay;
    }
};

/// first, 2 * first, 4 * first, ... up to limit, less a random part of at most `jitter` percent; `attempts` in all.
struct exponential {
    std::chrono::seconds first{10};
    std::chrono::seconds limit{3600};
    int attempts = 10;
    int jitter = 20;

    std::optional<std::chrono::seconds> operator()(int retries, std::exception const&) const {
        if (retries + 1 >= attempts) return std::nullopt;
        return std::chrono::seconds{detail::jittered(detail::doubled(first.count(), limit.count(), retries), jitter)};
    }
};

/// Asks `policy` for failures whose SQLSTATE begins with `prefix`, say "40" or "55P03"; gives up at once for others.
template <class Policy> struct for_state {
    static_assert(retry_policy<Policy>, "pgq::for_state needs a retry policy as its second part");
    std::string_view prefix;
    Policy policy;

    std::optional<std::chrono::seconds> operator()(int retries, std::exception const& failure) const {
        auto const* const known = dynamic_cast<error const*>(&failure);
        if (known == nullptr || !known->state().view().starts_with(prefix)) return std::nullopt;
        return policy(retries, failure);
    }
};
template <class P> for_state(char const*, P) -> for_state<P>;
template <class P> for_state(std::string_view, P) -> for_state<P>;

/// Asks `policy` for failures that may go away by themselves (pgq::error::transient); gives up at once for others.
template <class Policy> struct for_transient {
    static_assert(retry_policy<Policy>, "pgq::for_transient needs a retry policy");
    Policy policy;

    std::optional<std::chrono::seconds> operator()(int retries, std::exception const& failure) const {
        auto const* const known = dynamic_cast<error const*>(&failure);
        if (known == nullptr || !known->transient()) return std::nullopt;
        return policy(retries, failure);
    }
};
template <class P> for_transient(P) -> for_transient<P>;

/// Asks `policy` for failures of type `E`; gives up at once for others. `for_exception<timeout>(exponential{})`
template <class E, class Policy> struct for_exception_policy {
    static_assert(retry_policy<Policy>, "pgq::for_exception needs a retry policy");
    Policy policy;

    std::optional<std::chrono::seconds> operator()(int retries, std::exception const& failure) const {
        if (dynamic_cast<E const*>(&failure) == nullptr) return std::nullopt;
        return policy(retries, failure);
    }
};
template <std::derived_from<std::exception> E, class Policy>
constexpr for_exception_policy<E, Policy> for_exception(Policy policy) {
    return {policy};
}

/// Gives up at once for failures of type `E`, whatever `policy` says; asks it for others.
/// `unless_exception<decode_error>(exponential{})`
template <class E, class Policy> struct unless_exception_policy {
    static_assert(retry_policy<Policy>, "pgq::unless_exception needs a retry policy");
    Policy policy;

    std::optional<std::chrono::seconds> operator()(int retries, std::exception const& failure) const {
        if (dynamic_cast<E const*>(&failure) != nullptr) return std::nullopt;
        return policy(retries, failure);
    }
};
template <std::derived_from<std::exception> E, class Policy>
constexpr unless_exception_policy<E, Policy> unless_exception(Policy policy) {
    return {policy};
}

/// The first of two policies that does not give up.
template <class First, class Second> struct first_of {
    static_assert(retry_policy<First> && retry_policy<Second>, "pgq::first_of needs two retry policies");
    First first;
    Second second;

    std::optional<std::chrono::seconds> operator()(int retries, std::exception const& failure) const {
        if (auto const delay = first(retries, failure)) return delay;
        return second(retries, failure);
    }
};
template <class A, class B> first_of(A, B) -> first_of<A, B>;

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/backoff.ipp>
#endif
