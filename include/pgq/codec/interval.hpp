/// Spans of time as the server keeps them: months, days and microseconds, of which none can be turned into another
/// without a calendar. Read in the server's styles `postgres` and `iso_8601`, written in the first.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace pgq {

/// As in the server's type interval. Compared member by member: a day is not 24 hours.
struct interval {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::int64_t microseconds = 0;
    friend bool operator==(interval const&, interval const&) = default;

    /// From PostgreSQL 17 on; the ends of all three ranges, as there.
    static constexpr interval infinity() {
        return {std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::max(),
                std::numeric_limits<std::int64_t>::max()};
    }
    static constexpr interval minus_infinity() {
        return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::min(),
                std::numeric_limits<std::int64_t>::min()};
    }
};

namespace detail {

/// Takes an interval's text apart, part by part. Source: PostgreSQL documentation, section "Interval Input".
class interval_reader {
public:
    explicit interval_reader(std::string_view text) : rest_{text}, whole_{text} {}

    interval read();

private:
    static constexpr std::int64_t second = 1'000'000;

    [[noreturn]] void fail() const { malformed_value("not an interval", whole_); }

    bool skip(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool sign() {
        if (skip('+')) return false;
        return skip('-');
    }
    std::int64_t signed_number(bool minus);
    /// value * unit + more, which must fit.
    template <class T> void add(T& to, std::int64_t value, std::int64_t unit) {
        std::int64_t product = 0;
        std::int64_t sum = 0;
        if (__builtin_mul_overflow(value, unit, &product) || __builtin_add_overflow(product, to, &sum)) fail();
        if (sum > std::numeric_limits<T>::max() || sum < std::numeric_limits<T>::min()) fail();
        to = static_cast<T>(sum);
    }
    void fraction(bool minus);
    void clock(std::int64_t hours, bool minus);
    void named(std::int64_t value);
    interval iso();

    std::string_view rest_;
    std::string_view whole_;
    interval value_{};
};

/// Writes an interval as the server does.
class interval_writer {
public:
    explicit interval_writer(std::string& out) : out_{out}, start_{out.size()} {}

    void part(std::int32_t value, char const* unit);
    void clock(std::int64_t microseconds);

private:
    void padded(std::uint64_t value, std::size_t width);

    std::string& out_;
    std::size_t start_;
    bool minus_ = false;
};

}  // namespace detail

template <> struct codec<interval> {
    static constexpr std::string_view columns = "interval";

    static interval parse(std::string_view text) { return detail::interval_reader{text}.read(); }
    static void append(std::string& out, interval const& value);
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/codec/interval.ipp>
#endif
