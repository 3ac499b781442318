// Bodies of <pgq/codec/numeric.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/codec/numeric.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq {

PGQ_INLINE numeric codec<numeric>::parse(std::string_view text) {
    if (text != "NaN" && text != "Infinity" && text != "-Infinity" && !decimal(text)) {
        detail::malformed_value("not a number", text);
    }
    return {std::string{text}};
}

PGQ_INLINE bool codec<numeric>::digits(std::string_view& text) {
    auto const before = text.size();
    while (!text.empty() && text.front() >= '0' && text.front() <= '9')
        text.remove_prefix(1);
    return text.size() != before;
}

PGQ_INLINE bool codec<numeric>::sign(std::string_view& text) {
    if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
    text.remove_prefix(1);
    return true;
}

PGQ_INLINE bool codec<numeric>::decimal(std::string_view text) {
    sign(text);
    bool whole = digits(text);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        bool const fraction = digits(text);
        whole = whole || fraction;
    }
    if (!whole) return false;
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        sign(text);
        if (!digits(text)) return false;
    }
    return text.empty();
}

}  // namespace pgq
