/// UUIDs as sixteen bytes.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/hex.hpp>
#include <pgq/codec/malformed.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgq {

/// The server's uuid: sixteen bytes in the order in which they are written.
struct uuid {
    std::array<std::uint8_t, 16> bytes{};
    friend bool operator==(uuid const&, uuid const&) = default;
};

/// Reads what the server reads: 32 hex digits of either case, hyphens after any group of four, braces around.
template <> struct codec<uuid> {
    static constexpr std::string_view columns = "uuid";

    static uuid parse(std::string_view text);
    static void append(std::string& out, uuid const& value);
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/codec/uuid.ipp>
#endif
