/// Floating-point numbers, in the shortest text that reads back as the same number.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>

#include <charconv>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace pgq {

namespace detail {
/// As std::isfinite, without the five thousand lines of <cmath>.
template <class T> constexpr bool finite(T value) {
    return value - value == T{};
}
}  // namespace detail

/// With the server's names for what is no number: NaN, Infinity, -Infinity.
template <class T>
    requires(std::same_as<T, float> || std::same_as<T, double>)
struct codec<T> {
    static constexpr std::string_view columns =
        std::same_as<T, float> ? "float4 int2" : "float8 float4 numeric int2 int4 int8";

    static T parse(std::string_view text) {
        if (text == "NaN") return std::numeric_limits<T>::quiet_NaN();
        if (text == "Infinity" || text == "inf") return std::numeric_limits<T>::infinity();
        if (text == "-Infinity" || text == "-inf") return -std::numeric_limits<T>::infinity();
        T value{};
        auto const* const last = text.data() + text.size();
        auto const [end, problem] = std::from_chars(text.data(), last, value);
        if (problem == std::errc::result_out_of_range)
            detail::malformed_value("out of range for this number type", text);
        if (problem != std::errc{} || end != last || !detail::finite(value))
            detail::malformed_value("not a number", text);
        return value;
    }
    static void append(std::string& out, T value) {
        if (!detail::finite(value)) {
            out += value > 0 ? "Infinity" : value < 0 ? "-Infinity" : "NaN";
        } else {
            char digits[40];
            auto const [end, problem] = std::to_chars(digits, digits + sizeof digits, value);
            static_cast<void>(problem);  // the buffer holds the shortest form of any value
            out.append(digits, end);
        }
    }
};

}  // namespace pgq
