// The three ways a value is written into an event: URL encoding, SQL literals, JSON strings. Each takes the value's
// text as it is.
#pragma once

#include <pg_extension/common/text_buffer.hpp>

#include <array>

namespace pgq::server {

namespace detail {

inline constexpr char hex_digits[] = "0123456789abcdef";

/// Letters, digits, underscore, full stop and minus stand for themselves.
inline constexpr std::array<bool, 256> url_plain = [] {
    std::array<bool, 256> table{};
    for (char c : std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

inline constexpr std::array<bool, 256> json_plain = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = ' '; c < table.size(); c++)
        table[c] = c != '"' && c != '\\';
    return table;
}();

/// Below this size the worst case is reserved; above it the bytes that grow are counted first.
inline constexpr std::size_t small_value = 4096;

inline std::size_t count_special(std::array<bool, 256> const& plain, std::string_view text) {
    std::size_t special = 0;
    for (char c : text)
        special += plain[static_cast<unsigned char>(c)] ? 0 : 1;
    return special;
}

inline char* put_json_escape(char* at, unsigned char c) {
    *at++ = '\\';
    switch (c) {
    case '"':
        *at++ = '"';
        return at;
    case '\\':
        *at++ = '\\';
        return at;
    case '\b':
        *at++ = 'b';
        return at;
    case '\f':
        *at++ = 'f';
        return at;
    case '\n':
        *at++ = 'n';
        return at;
    case '\r':
        *at++ = 'r';
        return at;
    case '\t':
        *at++ = 't';
        return at;
    default:
        break;
    }
    memcpy(at, "u00", 3);
    at[3] = hex_digits[c >> 4];
    at[4] = hex_digits[c & 15];
    return at + 5;
}

}  // namespace detail

inline void append_url(text_buffer& out, std::string_view text) {
    bool const small = text.size() <= detail::small_value;
    std::size_t const special = small ? text.size() : detail::count_special(detail::url_plain, text);
    char* const start = out.reserve(text.size() + 2 * special);
    char* at = start;
    for (char c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (detail::url_plain[byte]) {
            *at++ = c;
        } else if (c == ' ') {
            *at++ = '+';
        } else {
            at[0] = '%';
            at[1] = detail::hex_digits[byte >> 4];
            at[2] = detail::hex_digits[byte & 15];
            at += 3;
        }
    }
    out.advance(static_cast<std::size_t>(at - start));
}

/// Quoted, and in the E'' form when there is a backslash, so that it reads the same whatever the reader's settings.
inline void append_sql_literal(text_buffer& out, std::string_view text) {
    bool const escaped = memchr(text.data(), '\\', text.size()) != nullptr;
    char* const start = out.reserve(2 * text.size() + 3);
    char* at = start;
    if (escaped) *at++ = 'E';
    *at++ = '\'';
    for (char c : text) {
        if (c == '\'' || c == '\\') *at++ = c;
        *at++ = c;
    }
    *at++ = '\'';
    out.advance(static_cast<std::size_t>(at - start));
}

inline void append_json_string(text_buffer& out, std::string_view text) {
    bool const small = text.size() <= detail::small_value;
    std::size_t const special = small ? text.size() : detail::count_special(detail::json_plain, text);
    char* const start = out.reserve(text.size() + 5 * special + 2);
    char* at = start;
    *at++ = '"';
    for (char c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (detail::json_plain[byte]) *at++ = c;
        else at = detail::put_json_escape(at, byte);
    }
    *at++ = '"';
    out.advance(static_cast<std::size_t>(at - start));
}

}  // namespace pgq::server
