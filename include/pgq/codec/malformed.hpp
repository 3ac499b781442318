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
std::string quoted(std::string_view value);

/// @throws decode_error always: "not an integer: "12x""
[[noreturn, gnu::cold]] inline void malformed_value(char const* what, std::string_view value) {
    throw decode_error{std::string{what} + ": " + quoted(value)};
}

}  // namespace pgq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/codec/malformed.ipp>
#endif
