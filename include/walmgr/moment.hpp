/// Moments in time as people write them: with an offset, since without one nobody knows which moment is meant.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// To the microsecond, as servers have it.
using moment = std::chrono::sys_time<std::chrono::microseconds>;

namespace detail {

/// Takes `digits` digits off the front of `text`.
inline std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
    int value = 0;
    if (text.size() < digits) return std::nullopt;
    for (char const c : text.substr(0, digits)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
}
inline bool take_char(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
    text.remove_prefix(1);
    return true;
}

/// `Z`, `UTC`, or hours east of Greenwich: +02, +0200, +02:00.
inline std::optional<std::chrono::seconds> take_offset(std::string_view& text) {
    if (text == "Z" || text == "z" || text == "UTC") {
        text = {};
        return std::chrono::seconds{0};
    }
    if (text.empty()) return std::nullopt;
    bool const west = text.front() == '-';
    if (!take_char(text, "+-")) return std::nullopt;
    auto const hours = take_digits(text, 2);
    std::optional<int> minutes = 0;
    if (hours && !text.empty()) {
        take_char(text, ":");
        minutes = take_digits(text, 2);
    }
    if (!hours || !minutes || *hours > 15 || *minutes > 59) return std::nullopt;
    auto const all = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return west ? -all : all;
}

inline std::string padded(std::int64_t value, std::size_t width) {
    auto const digits = std::to_string(value);
    return std::string(width - std::min(width, digits.size()), '0') + digits;
}

}  // namespace detail

/// Reads `2026-01-31 12:01:02.5+01:00` and relatives: `T` for the space, seconds and their fraction left out, the
/// offset as +01, +0100, +01:00, Z or UTC. Nothing for any other text, one without an offset among them.
inline std::optional<moment> parse_moment(std::string_view text) {
    using namespace std::chrono;
    auto const year_ = detail::take_digits(text, 4);
    if (!year_ || !detail::take_char(text, "-")) return std::nullopt;
    auto const month_ = detail::take_digits(text, 2);
    if (!month_ || !detail::take_char(text, "-")) return std::nullopt;
    auto const day_ = detail::take_digits(text, 2);
    if (!day_ || !detail::take_char(text, " T")) return std::nullopt;
    auto const hour = detail::take_digits(text, 2);
    if (!hour || !detail::take_char(text, ":")) return std::nullopt;
    auto const minute = detail::take_digits(text, 2);
    std::optional<int> second = 0;
    int fraction = 0;
    if (minute && detail::take_char(text, ":")) {
        second = detail::take_digits(text, 2);
        if (second && detail::take_char(text, ".")) {
            int scale = 100'000;
            if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
            while (auto const digit = detail::take_digits(text, 1)) {
                fraction += *digit * scale;
                scale /= 10;
            }
        }
    }
    detail::take_char(text, " ");
    auto const offset = detail::take_offset(text);
    if (!minute || !second || !offset || !text.empty()) return std::nullopt;
    year_month_day const date{year{*year_}, month{static_cast<unsigned>(*month_)}, day{static_cast<unsigned>(*day_)}};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second} + microseconds{fraction} - *offset;
}

/// `2026-01-31 11:01:02.5+00`, which parse_moment() and every server read.
inline std::string to_string(moment at) {
    using namespace std::chrono;
    auto const date = floor<days>(at);
    year_month_day const day_{date};
    hh_mm_ss const time{at - date};
    auto const fraction = time.subseconds().count();
    auto text = detail::padded(static_cast<int>(day_.year()), 4) + '-' +
                detail::padded(static_cast<unsigned>(day_.month()), 2) + '-' +
                detail::padded(static_cast<unsigned>(day_.day()), 2) + ' ' + detail::padded(time.hours().count(), 2) +
                ':' + detail::padded(time.minutes().count(), 2) + ':' + detail::padded(time.seconds().count(), 2);
    if (fraction != 0) text += '.' + detail::padded(fraction, 6);
    return text + "+00";
}

/// `20260131T110102Z`, for names.
inline std::string compact(std::chrono::sys_seconds at) {
    auto const text = to_string(moment{at});
    return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + 'T' + text.substr(11, 2) + text.substr(14, 2) +
           text.substr(17, 2) + 'Z';
}

}  // namespace walmgr
