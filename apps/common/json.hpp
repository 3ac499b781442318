/// JSON that programs print.
#pragma once

#include <pgq/payload/json_string.hpp>

#include <string>
#include <string_view>

namespace apps {

/// A text as JSON writes it, in quotation marks.
inline std::string json_string(std::string_view text) {
    std::string out;
    pgq::detail::append_json_string(out, text);
    return out;
}

}  // namespace apps
