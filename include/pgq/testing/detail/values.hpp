/// Values between the text form of SQL and C++: what arguments and columns of the server's functions are.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/error.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/timestamp.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace pgq::testing::detail {

using std::chrono::microseconds;

/// How the server refuses a statement; the session adds what it knows and throws an sql_error.
struct refusal {
    std::string text;
    std::string_view state = "P0001";
};

[[noreturn]] inline void refuse(std::string text, std::string_view state = "P0001") {
    throw refusal{std::move(text), state};
}

inline std::string shown(cell const& value) {
    return value.value_or("NULL");
}

template <class T> T number_of(std::string_view text, std::string_view type) {
    T value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        refuse("invalid input syntax for type " + std::string{type} + ": \"" + std::string{text} + '"', "22P02");
    }
    return value;
}

inline bool bool_of(std::string_view text) {
    for (auto const* yes : {"t", "true", "on", "yes", "1"}) {
        if (text == yes) return true;
    }
    for (auto const* no : {"f", "false", "off", "no", "0"}) {
        if (text == no) return false;
    }
    refuse("invalid input syntax for type boolean: \"" + std::string{text} + '"', "22P02");
}

inline microseconds unit_of(std::string_view word) {
    using namespace std::chrono_literals;
    constexpr std::array<std::pair<std::string_view, microseconds>, 8> units{{{"microsecond", 1us},
                                                                              {"millisecond", 1ms},
                                                                              {"second", 1s},
                                                                              {"sec", 1s},
                                                                              {"minute", 1min},
                                                                              {"min", 1min},
                                                                              {"hour", 1h},
                                                                              {"day", 24h}}};
    if (word.empty()) return 1s;
    for (auto const& [name, length] : units) {
        if (word == name || (word.size() == name.size() + 1 && word.starts_with(name) && word.ends_with('s'))) {
            return length;
        }
    }
    return 0us;
}

/// Reads `10 seconds`, `1 hour 30 minutes`, `00:00:03.5` and plain seconds.
inline microseconds interval_of(std::string_view const text) {
    auto const fail = [&] { refuse("invalid input syntax for type interval: \"" + std::string{text} + '"', "22007"); };
    std::string_view rest = text;
    auto const skip = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size())); };
    double total = 0;
    skip();
    if (rest.empty()) fail();
    while (!rest.empty()) {
        auto const word = rest.substr(0, rest.find(' '));
        double part = 0;
        auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), part);
        if (error != std::errc{}) fail();
        rest.remove_prefix(static_cast<std::size_t>(end - word.data()));
        if (rest.starts_with(':')) {
            double seconds = part * 60;
            for (int colons = 0; rest.starts_with(':'); ++colons) {
                rest.remove_prefix(1);
                auto const field = std::from_chars(rest.data(), rest.data() + rest.size(), part);
                if (field.ec != std::errc{} || colons > 1) fail();
                rest.remove_prefix(static_cast<std::size_t>(field.ptr - rest.data()));
                seconds = colons == 0 ? (seconds + part) * 60 : seconds + part;
            }
            total += seconds * 1e6;
        } else {
            skip();
            auto const unit = rest.substr(0, rest.find(' '));
            auto const length = unit_of(unit);
            if (length.count() == 0) fail();
            rest.remove_prefix(unit.size());
            total += part * static_cast<double>(length.count());
        }
        skip();
    }
    return microseconds{static_cast<std::int64_t>(total + (total < 0 ? -0.5 : 0.5))};
}

inline cell text_of(std::int64_t value) {
    return std::to_string(value);
}
inline cell text_of(std::optional<std::int64_t> const& value) {
    return value ? cell{std::to_string(*value)} : std::nullopt;
}
inline cell text_of(bool value) {
    return value ? "t" : "f";
}
inline cell text_of(timestamp time) {
    std::string out;
    codec<timestamp>::append(out, time);
    return out;
}
/// In the form HH:MM:SS.ffffff.
inline cell text_of(microseconds length) {
    auto const total = length.count() < 0 ? -length.count() : length.count();
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%s%02lld:%02lld:%02lld.%06lld", length.count() < 0 ? "-" : "",
                  static_cast<long long>(total / 3'600'000'000), static_cast<long long>(total / 60'000'000 % 60),
                  static_cast<long long>(total / 1'000'000 % 60), static_cast<long long>(total % 1'000'000));
    return text.data();
}

inline microseconds between(timestamp from, timestamp to) {
    return microseconds{to.microseconds - from.microseconds};
}

}  // namespace pgq::testing::detail
