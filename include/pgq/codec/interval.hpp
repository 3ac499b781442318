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

    interval read() {
        if (whole_ == "infinity") return interval::infinity();
        if (whole_ == "-infinity") return interval::minus_infinity();
        if (rest_.empty()) fail();
        if (skip('P')) return iso();
        do {
            bool const minus = sign();
            auto const value = signed_number(minus);
            if (rest_.starts_with(':')) {
                clock(value, minus);
                if (!rest_.empty()) fail();
            } else {
                if (!skip(' ')) fail();
                named(value);
            }
        } while (skip(' '));
        if (!rest_.empty()) fail();
        return value_;
    }

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
    std::int64_t signed_number(bool minus) {
        std::int64_t value = 0;
        auto const [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (problem != std::errc{} || rest_.starts_with('-')) fail();
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return minus ? -value : value;
    }
    /// value * unit + more, which must fit.
    template <class T> void add(T& to, std::int64_t value, std::int64_t unit) {
        std::int64_t product = 0;
        std::int64_t sum = 0;
        if (__builtin_mul_overflow(value, unit, &product) || __builtin_add_overflow(product, to, &sum)) fail();
        if (sum > std::numeric_limits<T>::max() || sum < std::numeric_limits<T>::min()) fail();
        to = static_cast<T>(sum);
    }
    void fraction(bool minus) {
        std::int64_t unit = second;
        if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') fail();
        while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
            unit /= 10;
            if (unit == 0) fail();
            add(value_.microseconds, rest_.front() - '0', minus ? -unit : unit);
            rest_.remove_prefix(1);
        }
    }
    void clock(std::int64_t hours, bool minus) {
        add(value_.microseconds, hours, 3'600 * second);
        for (std::int64_t const unit : {60 * second, second}) {
            if (!skip(':') || rest_.empty() || rest_.front() == '-') fail();
            auto const part = signed_number(minus);
            if (part > 59 || part < -59) fail();
            add(value_.microseconds, part, unit);
        }
        if (skip('.')) fraction(minus);
    }
    void named(std::int64_t value) {
        auto unit = rest_.substr(0, rest_.find(' '));
        rest_.remove_prefix(unit.size());
        if (unit.ends_with('s')) unit.remove_suffix(1);
        if (unit == "year") add(value_.months, value, 12);
        else if (unit == "mon" || unit == "month") add(value_.months, value, 1);
        else if (unit == "week") add(value_.days, value, 7);
        else if (unit == "day") add(value_.days, value, 1);
        else if (unit == "hour") add(value_.microseconds, value, 3'600 * second);
        else if (unit == "min" || unit == "minute") add(value_.microseconds, value, 60 * second);
        else if (unit == "sec" || unit == "second") add(value_.microseconds, value, second);
        else fail();
    }
    interval iso() {
        if (rest_.empty()) fail();
        bool time = false;
        while (!rest_.empty()) {
            if (!time && skip('T')) {
                time = true;
                if (rest_.empty()) fail();
            }
            bool const minus = sign();
            auto const value = signed_number(minus);
            if (time && skip('.')) {
                add(value_.microseconds, value, second);
                fraction(minus);
                if (!skip('S')) fail();
            } else if (rest_.empty()) {
                fail();
            } else {
                char const unit = rest_.front();
                rest_.remove_prefix(1);
                if (!time && unit == 'Y') add(value_.months, value, 12);
                else if (!time && unit == 'M') add(value_.months, value, 1);
                else if (!time && unit == 'W') add(value_.days, value, 7);
                else if (!time && unit == 'D') add(value_.days, value, 1);
                else if (time && unit == 'H') add(value_.microseconds, value, 3'600 * second);
                else if (time && unit == 'M') add(value_.microseconds, value, 60 * second);
                else if (time && unit == 'S') add(value_.microseconds, value, second);
                else fail();
            }
        }
        return value_;
    }

    std::string_view rest_;
    std::string_view whole_;
    interval value_{};
};

/// Writes an interval as the server does.
class interval_writer {
public:
    explicit interval_writer(std::string& out) : out_{out}, start_{out.size()} {}

    void part(std::int32_t value, char const* unit) {
        if (value == 0) return;
        if (out_.size() != start_) out_ += ' ';
        if (minus_ && value > 0) out_ += '+';
        minus_ = value < 0;
        out_ += std::to_string(value);
        out_ += unit;
        if (value != 1) out_ += 's';
    }
    void clock(std::int64_t microseconds) {
        if (microseconds == 0 && out_.size() != start_) return;
        if (out_.size() != start_) out_ += ' ';
        if (microseconds < 0) out_ += '-';
        else if (minus_) out_ += '+';
        auto const count = static_cast<std::uint64_t>(microseconds);
        std::uint64_t const total = microseconds < 0 ? 0 - count : count;
        auto const seconds = total / 1'000'000;
        padded(seconds / 3'600, 2);
        out_ += ':';
        padded(seconds / 60 % 60, 2);
        out_ += ':';
        padded(seconds % 60, 2);
        if (total % 1'000'000 == 0) return;
        out_ += '.';
        padded(total % 1'000'000, 6);
        while (out_.back() == '0')
            out_.pop_back();
    }

private:
    void padded(std::uint64_t value, std::size_t width) {
        auto const digits = std::to_string(value);
        if (digits.size() < width) out_.append(width - digits.size(), '0');
        out_ += digits;
    }

    std::string& out_;
    std::size_t start_;
    bool minus_ = false;
};

}  // namespace detail

template <> struct codec<interval> {
    static constexpr std::string_view columns = "interval";

    static interval parse(std::string_view text) { return detail::interval_reader{text}.read(); }
    static void append(std::string& out, interval const& value) {
        if (value == interval::infinity() || value == interval::minus_infinity()) {
            out += value.months > 0 ? "infinity" : "-infinity";
            return;
        }
        detail::interval_writer writer{out};
        writer.part(value.months / 12, " year");
        writer.part(value.months % 12, " mon");
        writer.part(value.days, " day");
        writer.clock(value.microseconds);
    }
};

}  // namespace pgq
