// Bodies of <pgq/libpq/conninfo.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/conninfo.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE std::vector<conninfo_setting> settings_of(conninfo_handle const& list) {
    std::vector<conninfo_setting> out;
    for (auto const* one = list.get(); one != nullptr && one->keyword != nullptr; ++one) {
        if (one->val == nullptr) continue;
        out.push_back({.keyword = one->keyword, .value = one->val, .secret = one->dispchar[0] == '*'});
    }
    return out;
}

PGQ_INLINE bool may_hold_secret(std::string_view conninfo) {
    return conninfo.find("pass") != std::string_view::npos || conninfo.find('@') != std::string_view::npos;
}

}  // namespace pgq::libpq::detail

namespace pgq::libpq {

PGQ_INLINE std::vector<conninfo_setting> parse_conninfo(std::string const& conninfo) {
    char* reason = nullptr;
    detail::conninfo_handle const list{PQconninfoParse(conninfo.c_str(), &reason)};
    auto const free_reason = [](char* text) { PQfreemem(text); };
    std::unique_ptr<char, decltype(free_reason)> const held{reason, free_reason};
    if (list) return detail::settings_of(list);
    std::string message{"the connection string cannot be read"};
    if (reason != nullptr && !detail::may_hold_secret(conninfo)) {
        std::string_view text{reason};
        while (!text.empty() && text.back() == '\n')
            text.remove_suffix(1);
        message.append(": ").append(text);
    }
    throw usage_error{message + ": write \"host=... dbname=...\" or \"postgresql://host/dbname\""};
}

PGQ_INLINE std::string quote_conninfo_value(std::string_view value) {
    if (!value.empty() && value.find_first_of(" \t\n\r'\\") == std::string_view::npos) return std::string{value};
    std::string out{'\''};
    for (char const c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out += '\'';
}

PGQ_INLINE std::string redact_conninfo(std::string const& conninfo) {
    std::string out;
    try {
        for (auto const& one : parse_conninfo(conninfo)) {
            if (!out.empty()) out += ' ';
            out.append(one.keyword).append("=").append(one.secret ? "***" : quote_conninfo_value(one.value));
        }
    } catch (usage_error const&) { return "(unreadable connection string)"; }
    return out;
}

}  // namespace pgq::libpq
