/// As much of XML as object stores answer with: elements without attributes that matter. Not for users.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr::detail {

/// The text with its entities taken back.
inline std::string xml_text(std::string_view raw) {
    std::string out;
    while (!raw.empty()) {
        auto const start = std::min(raw.find('&'), raw.size());
        out += raw.substr(0, start);
        raw.remove_prefix(start);
        auto const end = raw.find(';');
        if (raw.empty() || end == raw.npos) return out += raw;
        auto const name = raw.substr(1, end - 1);
        unsigned number = 0;
        bool const hexadecimal = name.starts_with("#x");
        auto const digits = name.substr(std::min<std::size_t>(hexadecimal ? 2 : 1, name.size()));
        if (name == "amp") out += '&';
        else if (name == "lt") out += '<';
        else if (name == "gt") out += '>';
        else if (name == "quot") out += '"';
        else if (name == "apos") out += '\'';
        else if (name.starts_with('#') &&
                 std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10).ec ==
                     std::errc{} &&
                 number < 128)
            out += static_cast<char>(number);
        else out += raw.substr(0, end + 1);
        raw.remove_prefix(end + 1);
    }
    return out;
}

/// What is in each element of that name, raw, in order. An element of that name within another one is not looked for.
inline std::vector<std::string_view> xml_elements(std::string_view in, std::string_view name) {
    auto const open = '<' + std::string{name} + '>';
    auto const close = "</" + std::string{name} + '>';
    std::vector<std::string_view> all;
    for (;;) {
        auto const begin = in.find(open);
        if (begin == in.npos) return all;
        in.remove_prefix(begin + open.size());
        auto const end = in.find(close);
        if (end == in.npos) return all;
        all.push_back(in.substr(0, end));
        in.remove_prefix(end + close.size());
    }
}

/// The text of the first element of that name; empty when there is none.
inline std::string xml_element(std::string_view in, std::string_view name) {
    auto const all = xml_elements(in, name);
    return all.empty() ? std::string{} : xml_text(all.front());
}

/// Whether `answer` is a list of objects, from its begin to its end. What a proxy says, or what was cut short, has none
/// of its elements, and would pass for a list of nothing. Sets `more` when another one follows.
inline bool is_object_list(std::string_view answer, bool& more) {
    auto const begin = answer.find("<ListBucketResult");
    auto const truncated = xml_element(answer, "IsTruncated");
    more = truncated == "true";
    return begin != answer.npos && answer.find("</ListBucketResult>", begin) != answer.npos &&
           (more || truncated == "false");
}

}  // namespace walmgr::detail
