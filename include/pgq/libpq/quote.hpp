/// Quoting for the few statements that cannot take parameters: LISTEN, COPY, CREATE and the like.
#pragma once

#include <pgq/error.hpp>

#include <string>
#include <string_view>

namespace pgq::libpq {

namespace detail {
void refuse_zero_byte(std::string_view text, std::string_view what);
}  // namespace detail

/// `name` as an identifier, always within double quotes. @throws usage_error for an empty name or one with a zero byte
std::string identifier(std::string_view name);

/// `schema.name` with both parts quoted.
inline std::string identifier(std::string_view schema, std::string_view name) {
    return identifier(schema) + '.' + identifier(name);
}

/// `text` as a string constant that reads the same whatever standard_conforming_strings says, in any client encoding
/// in which no character contains the bytes of a quote or a backslash, such as UTF-8.
/// @throws usage_error for a zero byte
std::string literal(std::string_view text);

}  // namespace pgq::libpq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/quote.ipp>
#endif
