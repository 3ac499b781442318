// Bodies of <pgq/codec/malformed.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/codec/malformed.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq::detail {

PGQ_INLINE std::string quoted(std::string_view value) {
    constexpr std::size_t most = 40;
    std::string out{'"'};
    while (!value.empty() && out.size() <= most) {
        auto const length = utf8_length(value);
        if (length == 0 || static_cast<unsigned char>(value.front()) < ' ') {
            out += '.';
        } else {
            out += value.substr(0, length);
        }
        value.remove_prefix(length == 0 ? 1 : length);
    }
    out += value.empty() ? "\"" : "...\"";
    return out;
}

}  // namespace pgq::detail
