/// UTF-8: writing one character, and telling right bytes from wrong ones. Not for users.
/// Source: RFC 3629.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pgq::detail {

/// @param code  a character's number, no half of a surrogate pair
inline void append_utf8(std::string& out, unsigned code) {
    auto const put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80U) {
        put(code);
    } else if (code < 0x800U) {
        put(0xc0U | code >> 6U);
        put(0x80U | (code & 0x3fU));
    } else if (code < 0x10000U) {
        put(0xe0U | code >> 12U);
        put(0x80U | (code >> 6U & 0x3fU));
        put(0x80U | (code & 0x3fU));
    } else {
        put(0xf0U | code >> 18U);
        put(0x80U | (code >> 12U & 0x3fU));
        put(0x80U | (code >> 6U & 0x3fU));
        put(0x80U | (code & 0x3fU));
    }
}

/// Bytes of the character that `text` begins with; 0 for what is none: stray and missing bytes, longer forms than
/// needed, surrogates, numbers beyond 0x10ffff.
inline std::size_t utf8_length(std::string_view text) {
    auto const byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    unsigned const first = byte(0);
    if (first < 0x80U) return text.empty() ? 0 : 1;
    unsigned const second = byte(1);
    bool const too_long = (first == 0xe0U && second < 0xa0U) || (first == 0xf0U && second < 0x90U);
    bool const too_high = (first == 0xf4U && second > 0x8fU) || (first == 0xedU && second > 0x9fU);
    if (first < 0xc2U || first > 0xf4U || too_long || too_high) return 0;
    std::size_t const length = first >= 0xf0U ? 4 : first >= 0xe0U ? 3 : 2;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return 0;
    }
    return length;
}

inline bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        auto const length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace pgq::detail
