/// Reading and writing the JSON of what is stored: PostgreSQL's manifests, and our own records of backups.
#pragma once

#include <pgq/error.hpp>
#include <pgq/payload/json_reader.hpp>
#include <pgq/payload/json_string.hpp>

#include <walmgr/error.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr::detail {

using json_in = pgq::detail::json_reader;

/// A text as JSON writes it, in quotation marks.
inline std::string json_text(std::string_view text) {
    std::string out;
    pgq::detail::append_json_string(out, text);
    return out;
}

/// A number without sign; also one within quotation marks, as numbers of 64 bits are written for those who read JSON
/// with fewer.
template <class T> T json_number(json_in& in) {
    std::string made;
    auto const text = in.peek() == '"' ? in.string(made) : in.scalar();
    T value = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) in.fail("not a number");
    return value;
}
inline std::string json_string_of(json_in& in) {
    std::string made;
    return std::string{in.string(made)};
}

/// Calls `member(name)` for each name of an object, which has to read the value.
inline void each_member(json_in& in, auto&& member) {
    in.need('{', "not an object");
    if (in.skip('}')) return;
    do {
        auto const name = json_string_of(in);
        in.need(':', "no colon after a name");
        member(std::string_view{name});
    } while (in.skip(','));
    in.need('}', "an object without end");
}
/// Calls `element()` for each element of an array, which has to read it.
inline void each_element(json_in& in, auto&& element) {
    in.need('[', "not an array");
    if (in.skip(']')) return;
    do
        element();
    while (in.skip(','));
    in.need(']', "an array without end");
}

}  // namespace walmgr::detail
