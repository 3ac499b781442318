// Bodies of <pgq/headers.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/headers.hpp>

namespace pgq {

PGQ_INLINE std::optional<trace_parent> trace_parent::parse(std::string_view text) {
    auto const hex = [](std::string_view digits) {
        return digits.find_first_not_of("0123456789abcdef") == digits.npos;
    };
    auto const id = [&](std::string_view digits) {
        return hex(digits) && digits.find_first_not_of('0') != digits.npos;
    };
    if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
    auto const version = text.substr(0, 2);
    auto const flags = text.substr(53, 2);
    if (!hex(version) || version == "ff" || !id(text.substr(3, 32)) || !id(text.substr(36, 16)) || !hex(flags)) {
        return std::nullopt;
    }
    // Later versions may have more behind another dash.
    if (text.size() > 55 && (version == "00" || text[55] != '-')) return std::nullopt;
    auto const bits = detail::hex_digit(flags[0]) * 16 + detail::hex_digit(flags[1]);
    return trace_parent{std::string{text.substr(3, 32)}, std::string{text.substr(36, 16)},
                        static_cast<std::uint8_t>(bits)};
}

}  // namespace pgq
