/// Takes the statements apart that call one function: `select pgq.f($1, 'x')` and `select a, b - c from pgq.f($1)`.
#pragma once

#include <pgq/testing/detail/values.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

/// What a function returns: rows with named columns.
struct relation {
    std::vector<std::string> columns;
    std::vector<row> data{};
    timestamp now{};  ///< for `now() - column`
};

struct call {
    std::string function;
    row arguments;
    std::vector<std::string> items;  ///< what is selected; empty: the function itself
    bool counted = false;            ///< `cardinality(f())`: how many elements its array has
    cell limit{};                    ///< most rows
};

inline std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\t' || text.back() == ';'))
        text.remove_suffix(1);
    return text;
}

/// The parts between commas that stand in no parentheses and no quotes.
inline std::vector<std::string_view> split(std::string_view text, char by = ',') {
    std::vector<std::string_view> parts;
    int depth = 0;
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '\'') quoted = !quoted;
        if (quoted) continue;
        if (c == '(') ++depth;
        if (c == ')') --depth;
        if (c == by && depth == 0) {
            parts.push_back(trimmed(text.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    auto const last = trimmed(text.substr(begin));
    if (!last.empty() || !parts.empty()) parts.push_back(last);
    return parts;
}

inline cell value_of_parameter(parameter const& value) {
    return value.data == nullptr ? std::nullopt : cell{std::string{value.data, value.size}};
}

/// A parameter, a quoted text, a number, true, false or null, each with or without a cast. False for anything else.
inline bool read_argument(std::string_view text, std::span<parameter const> values, cell& into) {
    if (!text.starts_with('\'')) text = trimmed(text.substr(0, text.find("::")));
    if (text.starts_with('$')) {
        std::size_t at = 0;
        auto const digits = text.substr(1);
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), at);
        if (error != std::errc{} || end != digits.data() + digits.size() || at == 0 || at > values.size()) return false;
        into = value_of_parameter(values[at - 1]);
        return true;
    }
    if (text.starts_with('\'')) {
        std::string out;
        std::size_t i = 1;
        for (; i < text.size(); ++i) {
            if (text[i] == '\'' && (i + 1 == text.size() || text[i + 1] != '\'')) break;
            if (text[i] == '\'') ++i;
            out += text[i];
        }
        auto const rest = i < text.size() ? text.substr(i + 1) : "?";
        if (!rest.empty() && !rest.starts_with("::")) return false;
        into = std::move(out);
        return true;
    }
    if (text == "null") {
        into = std::nullopt;
        return true;
    }
    bool const number = !text.empty() && text.find_first_not_of("-0123456789") == text.npos;
    if (!number && text != "true" && text != "false") return false;
    into = std::string{text};
    return true;
}

/// Nothing when the statement is not of that kind.
inline std::optional<call> read_call(std::string_view sql, std::span<parameter const> values) {
    constexpr std::string_view word = "select ";
    auto const text = trimmed(sql);
    if (!text.starts_with(word)) return std::nullopt;
    call found;
    auto target = trimmed(text.substr(word.size()));
    // The last one: intervals are taken apart by `extract(epoch from ...)`.
    if (auto const from = target.rfind(" from "); from != target.npos) {
        for (auto const& item : split(target.substr(0, from)))
            found.items.emplace_back(item);
        target = trimmed(target.substr(from + 6));
    } else if (constexpr std::string_view count = "cardinality("; target.starts_with(count) && target.ends_with(')')) {
        found.counted = true;
        target = target.substr(count.size(), target.size() - count.size() - 1);
    }
    if (constexpr std::string_view word_of_limit = " limit "; target.rfind(word_of_limit) != target.npos) {
        auto const at = target.rfind(word_of_limit);
        if (!read_argument(target.substr(at + word_of_limit.size()), values, found.limit)) return std::nullopt;
        target = trimmed(target.substr(0, at));
    }
    if (auto const close = target.rfind(")::"); close != target.npos && target.find(')', close + 1) == target.npos) {
        target = target.substr(0, close + 1);
    }
    auto const open = target.find('(');
    if (open == target.npos || !target.ends_with(')')) return std::nullopt;
    found.function = std::string{target.substr(0, open)};
    if (found.function.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789.") != found.function.npos) {
        return std::nullopt;
    }
    for (auto const& argument : split(target.substr(open + 1, target.size() - open - 2))) {
        if (!read_argument(argument, values, found.arguments.emplace_back())) return std::nullopt;
    }
    return found;
}

/// A column, a whole number, the difference of two columns, an age, an interval in milliseconds. False for anything
/// else.
inline bool read_item(std::string_view item, relation const& from, row const& source, cell& into) {
    constexpr std::string_view before = "(extract(epoch from ", after = ") * 1000)::bigint";
    for (std::size_t i = 0; i < from.columns.size(); ++i) {
        if (from.columns[i] != item) continue;
        into = source[i];
        return true;
    }
    if (item.find_first_not_of("0123456789") == item.npos) {
        into = std::string{item};
        return !item.empty();
    }
    if (item.starts_with(before) && item.ends_with(after)) {
        item = item.substr(before.size(), item.size() - before.size() - after.size());
        if (!read_item(item, from, source, into)) return false;
        if (into) into = std::to_string(interval_of(*into).count() / 1'000);
        return true;
    }
    for (std::string_view const age : {"now() - ", "clock_timestamp() - "}) {
        if (!item.starts_with(age)) continue;
        if (!read_item(item.substr(age.size()), from, source, into)) return false;
        if (into) into = text_of(between(codec<timestamp>::parse(*into), from.now));
        return true;
    }
    auto const minus = item.find(" - ");
    cell right;
    if (minus == item.npos || !read_item(item.substr(0, minus), from, source, into) ||
        !read_item(item.substr(minus + 3), from, source, right)) {
        return false;
    }
    if (!into || !right) into = std::nullopt;
    else into = std::to_string(number_of<std::int64_t>(*into, "bigint") - number_of<std::int64_t>(*right, "bigint"));
    return true;
}

/// What the statement selects of what its function returned; nothing when it asks for what is not there.
inline std::optional<rows> select(call const& from, relation found) {
    if (from.items.size() == 1 && from.items.front() == "count(*)") {
        return rows{{{std::to_string(found.data.size())}}};
    }
    if (from.limit) {
        auto const most = number_of<std::size_t>(*from.limit, "bigint");
        if (found.data.size() > most) found.data.resize(most);
    }
    if (from.items.empty() || (from.items.size() == 1 && from.items.front() == "*")) {
        return rows{found.data, found.columns.size()};
    }
    std::vector<row> out;
    for (auto const& source : found.data) {
        auto& made = out.emplace_back();
        for (auto const& item : from.items) {
            if (!read_item(item, found, source, made.emplace_back())) return std::nullopt;
        }
    }
    return rows{std::move(out), from.items.size()};
}

}  // namespace pgq::testing::detail
