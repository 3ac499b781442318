/// Numbers of any precision, kept as their text: nothing is lost, and nothing is computed here.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>

#include <string>
#include <string_view>

namespace pgq {

/// A decimal number as text: `-12.50`, `1e10`, `NaN`, `Infinity`.
struct numeric {
    std::string text{"0"};
    friend bool operator==(numeric const&, numeric const&) = default;  ///< of the texts: 1.0 is not 1.00
};

template <> struct codec<numeric> {
    static constexpr std::string_view columns = "numeric int2 int4 int8 float4 float8";

    static numeric parse(std::string_view text) {
        if (text != "NaN" && text != "Infinity" && text != "-Infinity" && !decimal(text)) {
            detail::malformed_value("not a number", text);
        }
        return {std::string{text}};
    }
    static void append(std::string& out, numeric const& value) { out += value.text; }

private:
    static bool digits(std::string_view& text) {
        auto const before = text.size();
        while (!text.empty() && text.front() >= '0' && text.front() <= '9')
            text.remove_prefix(1);
        return text.size() != before;
    }
    static bool sign(std::string_view& text) {
        if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
        text.remove_prefix(1);
        return true;
    }
    static bool decimal(std::string_view text) {
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
};

}  // namespace pgq
