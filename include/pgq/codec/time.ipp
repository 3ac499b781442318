// Bodies of <pgq/codec/time.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/codec/time.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq::detail {

PGQ_INLINE std::int64_t time_reader::number(std::size_t least, std::size_t most) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < most && digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
        value = value * 10 + (rest_[digits++] - '0');
    }
    if (digits < least) fail();
    rest_.remove_prefix(digits);
    return value;
}

PGQ_INLINE std::int64_t time_reader::date() {
    auto year = number(4, 7);
    need('-');
    auto const month = static_cast<unsigned>(number(2, 2));
    need('-');
    auto const day = static_cast<unsigned>(number(2, 2));
    if (bc_) year = 1 - year;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) fail();
    return days_from_civil(year, month, day);
}

PGQ_INLINE std::int64_t time_reader::time() {
    auto const hour = below(25);
    need(':');
    auto const minute = below(60);
    need(':');
    auto const second = below(61);  // 60 is the next minute, as for the server
    std::int64_t micros = 0;
    if (skip('.')) {
        auto const before = rest_.size();
        micros = number(1, 6);
        for (auto digits = before - rest_.size(); digits < 6; ++digits)
            micros *= 10;
    }
    auto const whole = ((hour * 60 + minute) * 60 + second) * 1'000'000 + micros;
    if (whole > 86'400'000'000) fail();
    return whole;
}

PGQ_INLINE std::int64_t time_reader::zone() {
    if (done() || skip('Z')) return 0;
    bool const west = skip('-');
    if (!west) need('+');
    std::int64_t seconds = below(24) * 3'600;
    if (skip(':')) seconds += below(60) * 60;
    if (skip(':')) seconds += below(60);
    return (west ? -seconds : seconds) * 1'000'000;
}

PGQ_INLINE void append_padded(std::string& out, std::int64_t value, std::size_t width) {
    char digits[20];
    auto const [end, problem] = std::to_chars(digits, digits + sizeof digits, value);
    static_cast<void>(problem);  // the buffer holds any value
    auto const count = static_cast<std::size_t>(end - digits);
    if (count < width) out.append(width - count, '0');
    out.append(digits, count);
}

PGQ_INLINE bool append_date(std::string& out, std::int64_t days) {
    auto const date = civil_from_days(days);
    bool const bc = date.year < 1;
    append_padded(out, bc ? 1 - date.year : date.year, 4);
    out += '-';
    append_padded(out, date.month, 2);
    out += '-';
    append_padded(out, date.day, 2);
    return bc;
}

}  // namespace pgq::detail

namespace pgq {

PGQ_INLINE timestamp codec<timestamp>::parse(std::string_view text) {
    if (text == "infinity") return timestamp::infinity();
    if (text == "-infinity") return timestamp::minus_infinity();
    detail::time_reader reader{text, "not a timestamp"};
    constexpr std::int64_t day = 86'400'000'000;
    auto const days = reader.date() - 10'957;                      // from 1970 to 2000
    if (days > 106'751'982 || days < -106'751'982) reader.fail();  // the server's last day, and as many before 2000
    std::int64_t micros = days * day;
    if (!reader.done()) {
        if (!reader.skip(' ')) reader.need('T');
        micros += reader.time();
        micros -= reader.zone();
        if (!reader.done()) reader.fail();
    }
    return {micros};
}

PGQ_INLINE void codec<timestamp>::append(std::string& out, timestamp value) {
    if (!value.finite()) {
        out += value == timestamp::infinity() ? "infinity" : "-infinity";
        return;
    }
    constexpr std::int64_t day = 86'400'000'000;
    std::int64_t days = value.microseconds / day;
    std::int64_t micros = value.microseconds % day;
    if (micros < 0) {
        micros += day;
        --days;
    }
    bool const bc = detail::append_date(out, days + 10'957);
    out += ' ';
    auto const seconds = micros / 1'000'000;
    detail::append_padded(out, seconds / 3'600, 2);
    out += ':';
    detail::append_padded(out, seconds / 60 % 60, 2);
    out += ':';
    detail::append_padded(out, seconds % 60, 2);
    if (micros % 1'000'000 != 0) {
        out += '.';
        detail::append_padded(out, micros % 1'000'000, 6);
        while (out.back() == '0')
            out.pop_back();
    }
    out += "+00";
    if (bc) out += " BC";
}

PGQ_INLINE std::chrono::sys_days codec<std::chrono::sys_days>::parse(std::string_view text) {
    if (text == "infinity") return std::chrono::sys_days::max();
    if (text == "-infinity") return std::chrono::sys_days::min();
    detail::time_reader reader{text, "not a date"};
    auto const days = reader.date();
    if (!reader.done() || days >= std::numeric_limits<int>::max() || days <= std::numeric_limits<int>::min()) {
        reader.fail();
    }
    return std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}};
}

PGQ_INLINE void codec<std::chrono::sys_days>::append(std::string& out, std::chrono::sys_days value) {
    if (value == std::chrono::sys_days::max() || value == std::chrono::sys_days::min()) {
        out += value == std::chrono::sys_days::max() ? "infinity" : "-infinity";
        return;
    }
    if (detail::append_date(out, value.time_since_epoch().count())) out += " BC";
}

}  // namespace pgq
