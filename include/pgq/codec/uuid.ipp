// Bodies of <pgq/codec/uuid.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/codec/uuid.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq {

PGQ_INLINE uuid codec<uuid>::parse(std::string_view text) {
    auto rest = text;
    if (rest.starts_with('{') && rest.ends_with('}')) rest = rest.substr(1, rest.size() - 2);
    uuid value;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        char const c = rest[i];
        if (c == '-' && digits % 4 == 0 && digits != 0 && digits != 32 && rest[i - 1] != '-') continue;
        int const digit = detail::hex_digit(c);
        if (digit < 0 || digits == 32) detail::malformed_value("not a uuid", text);
        auto& byte = value.bytes[digits / 2];
        byte = static_cast<std::uint8_t>(byte * 16 + digit);
        ++digits;
    }
    if (digits != 32) detail::malformed_value("not a uuid", text);
    return value;
}

PGQ_INLINE void codec<uuid>::append(std::string& out, uuid const& value) {
    for (std::size_t i = 0; i < value.bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        detail::append_hex(out, value.bytes[i]);
    }
}

}  // namespace pgq
