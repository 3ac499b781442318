/// Quoting for the few statements that cannot take parameters: LISTEN, COPY, CREATE and the like.
#pragma once

#include <pgq/error.hpp>

#include <string>
#include <string_view>

namespace pgq::libpq {

namespace detail {
inline void refuse_zero_byte(std::string_view text, std::string_view what) {
    if (text.find('\0') == std::string_view::npos) return;
    throw usage_error{std::string{what} + " contains a zero byte, which PostgreSQL cannot store"};
}
}  // namespace detail

/// `name` as an identifier, always within double quotes. @throws usage_error for an empty name or one with a zero byte
inline std::string identifier(std::string_view name) {
    if (name.empty()) throw usage_error{"an identifier must not be empty"};
    detail::refuse_zero_byte(name, "an identifier");
    std::string out{'"'};
    for (char const c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out += '"';
}

/// `schema.name` with both parts quoted.
inline std::string identifier(std::string_view schema, std::string_view name) {
    return identifier(schema) + '.' + identifier(name);
}

/// `text` as a string constant that reads the same whatever standard_conforming_strings says, in any client encoding
/// in which no character contains the bytes of a quote or a backslash, such as UTF-8.
/// @throws usage_error for a zero byte
inline std::string literal(std::string_view text) {
    detail::refuse_zero_byte(text, "a string constant");
    bool const escapes = text.find('\\') != std::string_view::npos;
    std::string out{escapes ? " E'" : "'"};
    for (char const c : text) {
        if (c == '\'' || c == '\\') out += c;
        out += c;
    }
    return out += '\'';
}

}  // namespace pgq::libpq
