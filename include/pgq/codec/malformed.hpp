/// How codecs complain: one line, the value quoted and shortened. Cold code, kept out of the parsers.
#pragma once

#include <pgq/codec/utf8.hpp>
#include <pgq/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace pgq::detail {

/// The value in quotes; a long one is cut between two characters. Control characters and bytes that are no UTF-8 become
/// dots: the complaint may end up in a column of text.
inline std::string quoted(std::string_view value) {
    constexpr std::size_t most = 40;
    std::string out{'"'};
    while (!value.empty() && out.size() <= most) {
        auto const length = utf8_length(value);
        if (length == 0 || static_cast<unsigned char>(value.front()) < ' ') {
            out += '.';
        } else {
            out += value.substr(0, length);
        }
        value.remove_prefix(length == 0 ? 1 : length);
    }
    out += value.empty() ? "\"" : "...\"";
    return out;
}

/// @throws decode_error always: "not an integer: "12x""
[[noreturn, gnu::cold]] inline void malformed_value(char const* what, std::string_view value) {
    throw decode_error{std::string{what} + ": " + quoted(value)};
}

}  // namespace pgq::detail
