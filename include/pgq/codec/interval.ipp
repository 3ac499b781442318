// Bodies of <pgq/codec/interval.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/codec/interval.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq::detail {

PGQ_INLINE interval interval_reader::read() {
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

PGQ_INLINE std::int64_t interval_reader::signed_number(bool minus) {
    std::int64_t value = 0;
    auto const [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (problem != std::errc{} || rest_.starts_with('-')) fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return minus ? -value : value;
}

PGQ_INLINE void interval_reader::fraction(bool minus) {
    std::int64_t unit = second;
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') fail();
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
        unit /= 10;
        if (unit == 0) fail();
        add(value_.microseconds, rest_.front() - '0', minus ? -unit : unit);
        rest_.remove_prefix(1);
    }
}

PGQ_INLINE void interval_reader::clock(std::int64_t hours, bool minus) {
    add(value_.microseconds, hours, 3'600 * second);
    for (std::int64_t const unit : {60 * second, second}) {
        if (!skip(':') || rest_.empty() || rest_.front() == '-') fail();
        auto const part = signed_number(minus);
        if (part > 59 || part < -59) fail();
        add(value_.microseconds, part, unit);
    }
    if (skip('.')) fraction(minus);
}

PGQ_INLINE void interval_reader::named(std::int64_t value) {
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

PGQ_INLINE interval interval_reader::iso() {
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

PGQ_INLINE void interval_writer::part(std::int32_t value, char const* unit) {
    if (value == 0) return;
    if (out_.size() != start_) out_ += ' ';
    if (minus_ && value > 0) out_ += '+';
    minus_ = value < 0;
    out_ += std::to_string(value);
    out_ += unit;
    if (value != 1) out_ += 's';
}

PGQ_INLINE void interval_writer::clock(std::int64_t microseconds) {
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

PGQ_INLINE void interval_writer::padded(std::uint64_t value, std::size_t width) {
    auto const digits = std::to_string(value);
    if (digits.size() < width) out_.append(width - digits.size(), '0');
    out_ += digits;
}

}  // namespace pgq::detail

namespace pgq {

PGQ_INLINE void codec<interval>::append(std::string& out, interval const& value) {
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

}  // namespace pgq
