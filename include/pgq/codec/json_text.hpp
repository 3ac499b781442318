/// A value of JSON that is kept as its text: what has no struct, and columns of type json and jsonb.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/payload/json_reader.hpp>

#include <string>
#include <string_view>

namespace pgq {

/// One value of JSON: `{"a": [1, 2]}`, `"text"`, `null`. Inside a JSON payload it stands as it is; in other formats it
/// is a text like any.
struct json_text {
    std::string text{"null"};
    friend bool operator==(json_text const&, json_text const&) = default;  ///< of the texts: white space counts
};

/// Checks what it reads: one value, well formed. Writes what it is given: a text that is no JSON makes a payload that
/// is none.
template <> struct codec<json_text> {
    static constexpr std::string_view columns = "json jsonb";
    static constexpr bool text_is_json = true;

    static json_text parse(std::string_view text) {
        detail::json_reader in{text};
        in.any();
        in.end();
        return {std::string{text}};
    }
    static void append(std::string& out, json_text const& value) { out += value.text; }
};

}  // namespace pgq
