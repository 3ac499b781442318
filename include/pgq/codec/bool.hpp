/// Truth values: written as the server writes them, read in the forms that the server and JSON have.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>

#include <string>
#include <string_view>

namespace pgq {

template <> struct codec<bool> {
    static constexpr std::string_view columns = "bool";

    static bool parse(std::string_view text) {
        if (text == "t" || text == "true") return true;
        if (text == "f" || text == "false") return false;
        detail::malformed_value("not a boolean", text);
    }
    static void append(std::string& out, bool value) { out += value ? 't' : 'f'; }
};

}  // namespace pgq
