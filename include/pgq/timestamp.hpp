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

    static constexpr timestamp infinity() { return {std::numeric_limits<std::int64_t>::max()}; }
    static constexpr timestamp minus_infinity() { return {std::numeric_limits<std::int64_t>::min()}; }

    [[nodiscard]] constexpr bool finite() const { return *this != infinity() && *this != minus_infinity(); }

    friend constexpr auto operator<=>(timestamp const&, timestamp const&) = default;
};

using system_time = std::chrono::sys_time<std::chrono::microseconds>;

/// Seconds between the epochs of POSIX (1970) and PostgreSQL (2000).
inline constexpr std::chrono::seconds postgres_epoch{946'684'800};

/// Infinite timestamps have no std::chrono form; they come out as the ends of its range.
constexpr system_time to_system_time(timestamp value) {
    if (!value.finite()) return value == timestamp::infinity() ? system_time::max() : system_time::min();
    return system_time{std::chrono::microseconds{value.microseconds} + postgres_epoch};
}

constexpr timestamp to_timestamp(system_time value) {
    if (value == system_time::max()) return timestamp::infinity();
    if (value == system_time::min()) return timestamp::minus_infinity();
    return {(value.time_since_epoch() - postgres_epoch).count()};
}

}  // namespace pgq
