/// Points in time in the ISO form of PostgreSQL and of jsontriga: `2024-02-29 12:30:00.25+01`, a `T` for the space,
/// ` BC` at the end, `infinity`. A text without zone is taken as UTC.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>
#include <pgq/timestamp.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace pgq {

namespace detail {

/// Days since 1970-01-01 of a proleptic Gregorian date; years before 1 are 0, -1, ...
/// Source: H. Hinnant, "chrono-compatible low-level date algorithms".
constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2 ? 1 : 0;
    std::int64_t const era = (year >= 0 ? year : year - 399) / 400;
    auto const year_of_era = static_cast<std::int64_t>(year - era * 400);
    std::int64_t const day_of_year =
        (153 * (static_cast<std::int64_t>(month) + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

struct civil_date {
    std::int64_t year;
    unsigned month;
    unsigned day;
};

constexpr civil_date civil_from_days(std::int64_t days) {
    days += 719'468;
    std::int64_t const era = (days >= 0 ? days : days - 146'096) / 146'097;
    std::int64_t const day_of_era = days - era * 146'097;
    std::int64_t const year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    std::int64_t const day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    std::int64_t const shifted = (5 * day_of_year + 2) / 153;
    auto const month = static_cast<unsigned>(shifted < 10 ? shifted + 3 : shifted - 9);
    auto const day = static_cast<unsigned>(day_of_year - (153 * shifted + 2) / 5 + 1);
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

constexpr unsigned days_in_month(std::int64_t year, unsigned month) {
    bool const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2) return leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/// Reads a text from left to right; `fail` complains about the whole of it.
class time_reader {
public:
    explicit time_reader(std::string_view text, char const* kind) : rest_{text}, whole_{text}, kind_{kind} {
        if (rest_.ends_with(" BC")) {
            rest_.remove_suffix(3);
            bc_ = true;
        }
    }

    [[noreturn]] void fail() const { malformed_value(kind_, whole_); }
    [[nodiscard]] bool done() const { return rest_.empty(); }
    bool skip(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void need(char c) {
        if (!skip(c)) fail();
    }
    std::int64_t number(std::size_t least, std::size_t most);
    std::int64_t below(std::int64_t limit) {
        auto const value = number(2, 2);
        if (value >= limit) fail();
        return value;
    }

    /// Days since 1970-01-01.
    std::int64_t date();
    /// Microseconds since midnight; 24:00:00 is allowed, as in the server's time type.
    std::int64_t time();
    /// Microseconds that the zone at the end is east of UTC.
    std::int64_t zone();

private:
    std::string_view rest_;
    std::string_view whole_;
    char const* kind_;
    bool bc_ = false;
};

void append_padded(std::string& out, std::int64_t value, std::size_t width);

/// Writes the date; true when " BC" has to follow at the end.
bool append_date(std::string& out, std::int64_t days);

}  // namespace detail

template <> struct codec<timestamp> {
    static constexpr std::string_view columns = "timestamptz timestamp date";

    static timestamp parse(std::string_view text);
    static void append(std::string& out, timestamp value);
};

/// Microseconds since 1970, UTC. The ends of the range stand for infinity.
template <> struct codec<system_time> {
    static constexpr std::string_view columns = codec<timestamp>::columns;

    static system_time parse(std::string_view text) { return to_system_time(codec<timestamp>::parse(text)); }
    static void append(std::string& out, system_time value) { codec<timestamp>::append(out, to_timestamp(value)); }
};

/// Dates without a time of day. The ends of the range stand for infinity.
template <> struct codec<std::chrono::sys_days> {
    static constexpr std::string_view columns = "date";

    static std::chrono::sys_days parse(std::string_view text);
    static void append(std::string& out, std::chrono::sys_days value);
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/codec/time.ipp>
#endif
