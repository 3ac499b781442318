/// Text as it is.
#pragma once

#include <pgq/codec.hpp>

#include <string>
#include <string_view>

namespace pgq {

template <> struct codec<std::string> {
    static std::string parse(std::string_view text) { return std::string{text}; }
    static void append(std::string& out, std::string const& value) { out += value; }
};

/// A view into what was parsed: it lives no longer than that.
template <> struct codec<std::string_view> {
    static std::string_view parse(std::string_view text) { return text; }
    static void append(std::string& out, std::string_view value) { out += value; }
};

}  // namespace pgq
