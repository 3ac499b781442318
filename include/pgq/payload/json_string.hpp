/// Writing one JSON string. Not for users.
/// Source: RFC 8259.
#pragma once

#include <pgq/codec/hex.hpp>

#include <string>
#include <string_view>

namespace pgq::detail {

/// Appends a JSON string. Bytes from 0x80 on are taken for UTF-8 and written as they are.
inline void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (char const c : text) {
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            if (static_cast<unsigned char>(c) < ' ') {
                out += "\\u00";
                append_hex(out, static_cast<unsigned char>(c));
            } else {
                out += c;
            }
        }
    }
    out += '"';
}

}  // namespace pgq::detail
