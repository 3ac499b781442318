/// Connection strings: checked, and made fit for a log. Both forms, `host=db1 dbname=app` and `postgresql://db1/app`.
#pragma once

#include <pgq/error.hpp>

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::libpq {

/// One setting of a connection string.
struct conninfo_setting {
    std::string keyword;
    std::string value;
    bool secret = false;  ///< a password: never to be shown
};

namespace detail {

struct conninfo_deleter {
    void operator()(PQconninfoOption* list) const noexcept { PQconninfoFree(list); }
};
using conninfo_handle = std::unique_ptr<PQconninfoOption, conninfo_deleter>;

[[gnu::cold]] inline std::vector<conninfo_setting> settings_of(conninfo_handle const& list) {
    std::vector<conninfo_setting> out;
    for (auto const* one = list.get(); one != nullptr && one->keyword != nullptr; ++one) {
        if (one->val == nullptr) continue;
        out.push_back({.keyword = one->keyword, .value = one->val, .secret = one->dispchar[0] == '*'});
    }
    return out;
}

/// libpq quotes pieces of a string that it cannot read, and such a piece may be part of a password.
inline bool may_hold_secret(std::string_view conninfo) {
    return conninfo.find("pass") != std::string_view::npos || conninfo.find('@') != std::string_view::npos;
}

}  // namespace detail

/// The settings that `conninfo` names itself; services, the environment and defaults are not looked up.
/// @throws usage_error when it cannot be read; the message never holds the string itself
[[gnu::cold]] inline std::vector<conninfo_setting> parse_conninfo(std::string const& conninfo) {
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

/// `value` as it is written in the keyword form.
[[gnu::cold]] inline std::string quote_conninfo_value(std::string_view value) {
    if (!value.empty() && value.find_first_of(" \t\n\r'\\") == std::string_view::npos) return std::string{value};
    std::string out{'\''};
    for (char const c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out += '\'';
}

/// `conninfo` in the keyword form with passwords replaced by `***`: for logs. What cannot be read is not shown at all.
[[gnu::cold]] inline std::string redact_conninfo(std::string const& conninfo) {
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
