/// Bytes: written as `\x` and hex digits, read in that form and in the older one with backslashes.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/hex.hpp>
#include <pgq/codec/malformed.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgq {

/// The server's bytea.
using bytes = std::vector<std::byte>;

/// Source: PostgreSQL documentation, section "Binary Data Types".
template <> struct codec<bytes> {
    static constexpr std::string_view columns = "bytea";

    static bytes parse(std::string_view text) { return text.starts_with("\\x") ? hex(text) : escaped(text); }

    static void append(std::string& out, bytes const& value);

private:
    static bytes hex(std::string_view text);
    static bytes escaped(std::string_view text);
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/codec/bytea.ipp>
#endif
