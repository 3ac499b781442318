// Bodies of <pgq/check_table.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/check_table.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq::detail {

PGQ_INLINE bool lists(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        auto const first = words.substr(0, words.find(' '));
        if (first == word) return true;
        words.remove_prefix(first.size() < words.size() ? first.size() + 1 : words.size());
    }
    return false;
}

PGQ_INLINE void compare_column(std::string& out, wanted_column const& wanted, sql::table_column const& found) {
    auto const tell = [&](std::string const& what) { out += "\n  column " + quoted(wanted.name) + what; };
    bool const enumeration = wanted.named_values && !found.labels.empty();
    bool const any = wanted.types.empty() && !wanted.array;
    if (!any &&
        (wanted.array != found.array || (!wanted.types.empty() && !enumeration && !lists(wanted.types, found.type)))) {
        std::string types{wanted.types.empty() ? "anything" : wanted.types};
        if (wanted.named_values) types += " and enum types";
        tell(" is " + found.shown + ", and the field reads " + (wanted.array ? "arrays of " : "") + types);
    } else if (enumeration) {
        std::string nameless;
        for (auto const& label : found.labels) {
            if (!named(wanted.labels, label)) nameless += (nameless.empty() ? "" : ", ") + quoted(label);
        }
        if (!nameless.empty()) tell(" has values that the field's enumeration does not name: " + nameless);
    }
    if (found.nullable && !wanted.nullable) tell(" may be null, and the field is no optional");
}

PGQ_INLINE std::string compare_table(std::string_view table, std::vector<wanted_column> const& wanted, bool complete,
                                     std::vector<sql::table_column> const& found) {
    if (found.empty()) return "there is no table " + quoted(table);
    std::string out;
    for (auto const& one : wanted) {
        if (auto const* const column = named(found, one.name)) compare_column(out, one, *column);
        else if (!one.may_be_missing) out += "\n  column " + quoted(one.name) + " is missing";
    }
    for (auto const& column : found) {
        if (complete && !named(wanted, column.name))
            out += "\n  column " + quoted(column.name) + " is not described, and the row type refuses unknown fields";
    }
    return out.empty() ? out : "table " + quoted(table) + " does not fit its row type:" + out;
}

}  // namespace pgq::detail
