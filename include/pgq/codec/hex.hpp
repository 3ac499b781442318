/// Hex digits, for the texts that write bytes with them. Not for users.
#pragma once

#include <string>
#include <string_view>

namespace pgq::detail {

/// The value of a digit of either case; -1 for any other character.
constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Appends two digits, in lower case.
inline void append_hex(std::string& out, unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

}  // namespace pgq::detail
