/// Reading the answers of a session in replication mode.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/conninfo.hpp>
#include <pgq/libpq/result.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace pgq::libpq::detail {

/// The same connection string as one for physical replication, in the keyword form.
inline std::string for_replication(std::string const& conninfo) {
    std::string out;
    for (auto const& one : parse_conninfo(conninfo)) {
        if (one.keyword == "replication" || one.keyword == "dbname") continue;
        out.append(one.keyword).append("=").append(quote_conninfo_value(one.value)).append(" ");
    }
    return out += "dbname=replication replication=true";  // a password file knows such sessions by that name
}

template <class T> T protocol_number(result const& rows, std::size_t column, int base = 10) {
    T value = 0;
    auto const text = rows.empty() ? std::nullopt : rows.at(0, column);
    auto const from = text.value_or("");
    auto const [end, problem] = std::from_chars(from.data(), from.data() + from.size(), value, base);
    if (problem != std::errc{} || end != from.data() + from.size())
        throw protocol_error{"the server's answer has no number in column " + std::to_string(column + 1)};
    return value;
}

/// A position as the server writes it, `16/B374D848`.
inline std::uint64_t protocol_position(result const& rows, std::size_t column) {
    auto const text = rows.empty() ? std::nullopt : rows.at(0, column);
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto const from = text.value_or("");
    auto const end = from.data() + from.size();
    auto const cut = std::from_chars(from.data(), end, high, 16);
    bool const halves = cut.ec == std::errc{} && cut.ptr != end && *cut.ptr == '/';
    if (!halves || std::from_chars(cut.ptr + 1, end, low, 16).ptr != end)
        throw protocol_error{"the server's answer has no position in column " + std::to_string(column + 1)};
    return high << 32U | low;
}

inline std::string hex_position(std::uint64_t position) {
    std::string text(40, '\0');
    auto const half = [&](std::size_t at, std::uint64_t value) {
        return static_cast<std::size_t>(std::to_chars(text.data() + at, text.data() + text.size(), value, 16).ptr -
                                        text.data());
    };
    auto const slash = half(0, position >> 32U);
    text[slash] = '/';
    text.resize(half(slash + 1, position & 0xFFFF'FFFFU));
    return text;
}

}  // namespace pgq::libpq::detail
