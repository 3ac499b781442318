/// Writing one JSON string. Not for users.
/// Source: RFC 8259.
#pragma once

#include <pgq/codec/hex.hpp>

#include <string>
#include <string_view>

namespace pgq::detail {

/// Appends a JSON string. Bytes from 0x80 on are taken for UTF-8 and written as they are.
void append_json_string(std::string& out, std::string_view text);

}  // namespace pgq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/payload/json_string.ipp>
#endif
