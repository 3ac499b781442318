// Bodies of <pgq/codec/bytea.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/codec/bytea.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq {

PGQ_INLINE void codec<bytes>::append(std::string& out, bytes const& value) {
    out.reserve(out.size() + 2 + 2 * value.size());
    out += "\\x";
    for (auto const byte : value)
        detail::append_hex(out, std::to_integer<unsigned char>(byte));
}

PGQ_INLINE bytes codec<bytes>::hex(std::string_view text) {
    bytes value;
    value.reserve(text.size() / 2);
    for (std::size_t i = 2; i < text.size(); i += 2) {
        int const high = detail::hex_digit(text[i]);
        int const low = i + 1 < text.size() ? detail::hex_digit(text[i + 1]) : -1;
        if (high < 0 || low < 0) detail::malformed_value("not bytes in hex", text);
        value.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return value;
}

PGQ_INLINE bytes codec<bytes>::escaped(std::string_view text) {
    bytes value;
    value.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            value.push_back(static_cast<std::byte>(text[i]));
        } else if (text.substr(i + 1, 1) == "\\") {
            value.push_back(std::byte{'\\'});
            ++i;
        } else {
            int code = 0;
            for (std::size_t k = 1; k <= 3; ++k) {
                char const c = i + k < text.size() ? text[i + k] : '?';
                if (c < '0' || c > '7') detail::malformed_value("not bytes with escapes", text);
                code = code * 8 + (c - '0');
            }
            if (code > 255) detail::malformed_value("not bytes with escapes", text);
            value.push_back(static_cast<std::byte>(code));
            i += 3;
        }
    }
    return value;
}

}  // namespace pgq
