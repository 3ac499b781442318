/// Points in time as PostgreSQL keeps them, and their std::chrono form. No calendar, no zones.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace pgq {

/// Microseconds since 2000-01-01 00:00:00 UTC: the server's timestamptz, bit for bit.
/// The two ends of the range stand for -infinity and infinity.
/// Source: PostgreSQL, src/include/datatype/timestamp.h.
struct timestamp {
    std::int64_t microseconds = 0;

    /// Later than every time; what SQL calls 'infinity'.
    static constexpr timestamp infinity() { return {std::numeric_limits<std::int64_t>::max()}; }
    /// Earlier than every time; what SQL calls '-infinity'.
    static constexpr timestamp minus_infinity() { return {std::numeric_limits<std::int64_t>::min()}; }

    /// False at the two ends only.
    [[nodiscard]] constexpr bool finite() const { return *this != infinity() && *this != minus_infinity(); }

    friend constexpr auto operator<=>(timestamp const&, timestamp const&) = default;
};

/// A time as the standard library counts it: microseconds of POSIX time.
using system_time = std::chrono::sys_time<std::chrono::microseconds>;

/// Seconds between the epochs of POSIX (1970) and PostgreSQL (2000).
inline constexpr std::chrono::seconds postgres_epoch{946'684'800};

/// Infinite timestamps, and the last thirty years before infinity, have no std::chrono form: they come out as the ends
/// of its range.
constexpr system_time to_system_time(timestamp value) {
    constexpr std::int64_t shift = std::chrono::microseconds{postgres_epoch}.count();
    if (value == timestamp::minus_infinity()) return system_time::min();
    if (value.microseconds > timestamp::infinity().microseconds - shift) return system_time::max();
    return system_time{std::chrono::microseconds{value.microseconds + shift}};
}

/// The ends of the range, and what is before the server's range, become infinite.
constexpr timestamp to_timestamp(system_time value) {
    constexpr std::int64_t shift = std::chrono::microseconds{postgres_epoch}.count();
    auto const microseconds = value.time_since_epoch().count();
    if (value == system_time::max()) return timestamp::infinity();
    if (microseconds < timestamp::minus_infinity().microseconds + shift) return timestamp::minus_infinity();
    return {microseconds - shift};
}

}  // namespace pgq
