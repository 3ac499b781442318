// Bodies of <pgq/policy/backoff.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/backoff.hpp>

namespace pgq::detail {

PGQ_INLINE std::uint64_t scattered(std::uint64_t bound) {
    thread_local std::uint64_t state =
        static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) ^
        static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&state));
    state += 0x9e3779b97f4a7c15U;  // splitmix64
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return bound == 0 ? 0 : (mixed ^ (mixed >> 31U)) % bound;
}

PGQ_INLINE std::int64_t doubled(std::int64_t first, std::int64_t limit, int step) {
    std::int64_t value = first < 1 ? 1 : first;
    for (int i = 0; i < step && value < limit; ++i)
        value = value > limit / 2 ? limit : value * 2;
    return value < limit ? value : limit;
}

PGQ_INLINE std::int64_t jittered(std::int64_t value, int share) {
    auto const most = static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(share < 0 ? 0 : share) / 100;
    return value - static_cast<std::int64_t>(scattered(most + 1));
}

}  // namespace pgq::detail
