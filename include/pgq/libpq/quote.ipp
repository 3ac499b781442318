// Bodies of <pgq/libpq/quote.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/quote.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE void refuse_zero_byte(std::string_view text, std::string_view what) {
    if (text.find('\0') == std::string_view::npos) return;
    throw usage_error{std::string{what} + " contains a zero byte, which PostgreSQL cannot store"};
}

}  // namespace pgq::libpq::detail

namespace pgq::libpq {

PGQ_INLINE std::string identifier(std::string_view name) {
    if (name.empty()) throw usage_error{"an identifier must not be empty"};
    detail::refuse_zero_byte(name, "an identifier");
    std::string out{'"'};
    for (char const c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out += '"';
}

PGQ_INLINE std::string literal(std::string_view text) {
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
