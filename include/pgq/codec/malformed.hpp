/// How codecs complain: one line, the value quoted and shortened. Cold code, kept out of the parsers.
#pragma once

#include <pgq/error.hpp>

#include <string>
#include <string_view>

namespace pgq::detail {

/// The value in quotes; a long one is cut, control characters become dots.
inline std::string quoted(std::string_view value) {
    constexpr std::size_t most = 40;
    std::string out{'"'};
    for (char const c : value.substr(0, most)) out += static_cast<unsigned char>(c) < ' ' ? '.' : c;
    out += value.size() > most ? "...\"" : "\"";
    return out;
}

/// @throws decode_error always: "not an integer: "12x""
[[noreturn, gnu::cold]] inline void malformed_value(char const* what, std::string_view value) {
    throw decode_error{std::string{what} + ": " + quoted(value)};
}

}  // namespace pgq::detail
