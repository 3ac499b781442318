/// Integers in decimal, as PostgreSQL reads and writes them.
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
template <class T, class... Others> concept one_of = (std::same_as<T, Others> || ...);
}  // namespace detail

/// Integers proper: bool and the character types have other texts.
template <class T>
concept integer = std::integral<T> && !detail::one_of<T, bool, char, wchar_t, char8_t, char16_t, char32_t>;

/// Strict: digits and a minus sign only, and within the range of T.
template <integer T> struct codec<T> {
    static constexpr std::string_view columns = sizeof(T) < 4 ? "int2"
                                                : sizeof(T) < 8
                                                    ? std::unsigned_integral<T> ? "int2 int4 oid" : "int2 int4"
                                                    : "int2 int4 int8 oid";

    static T parse(std::string_view text) {
        T value{};
        auto const* const last = text.data() + text.size();
        auto const [end, problem] = std::from_chars(text.data(), last, value);
        if (problem == std::errc::result_out_of_range)
            detail::malformed_value("out of range for this integer type", text);
        if (problem != std::errc{} || end != last) detail::malformed_value("not an integer", text);
        return value;
    }
    static void append(std::string& out, T value) {
        char digits[std::numeric_limits<T>::digits10 + 3];
        auto const [end, problem] = std::to_chars(digits, digits + sizeof digits, value);
        static_cast<void>(problem);  // the buffer holds any T
        out.append(digits, end);
    }
};

}  // namespace pgq
