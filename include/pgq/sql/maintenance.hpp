/// Upkeep of queues: retries that are due, rotation, and whatever else the server lists.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgq::sql {

/// Moves events that are due for another delivery back into their queues, a few per call. Returns how many.
std::int64_t maint_retry_events(transport auto& db) {
    return value_of<std::optional<std::int64_t>>(query(db, "select pgq.maint_retry_events()"), 0, 0).value_or(0);
}

/// One thing to do: call the function with the argument, or, for "vacuum" and "vacuum analyze", that on a table.
struct maint_operation {
    std::string function;
    std::optional<std::string> argument;
};

/// What is to be done now, in order.
std::vector<maint_operation> maint_operations(transport auto& db) {
    auto const rows = query(db, "select func_name, func_arg from pgq.maint_operations()");
    std::vector<maint_operation> operations;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        operations.push_back({value_of<std::string>(rows, row, 0), value_of<std::optional<std::string>>(rows, row, 1)});
    }
    return operations;
}

/// True for a function's name as it may stand in a statement: identifiers, plain or quoted, with dots between.
constexpr bool callable_name(std::string_view name) {
    auto const letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & '\x80') != 0;
    };
    std::size_t at = 0;
    while (at < name.size()) {
        if (name[at] == '"') {
            auto const first = ++at;
            for (; at < name.size(); ++at) {
                if (name[at] != '"') continue;
                if (at + 1 == name.size() || name[at + 1] != '"') break;
                ++at;
            }
            if (at >= name.size() || at == first) return false;
            ++at;
        } else {
            if (!letter(name[at])) return false;
            while (at < name.size() && (letter(name[at]) || (name[at] >= '0' && name[at] <= '9') || name[at] == '$'))
                ++at;
        }
        if (at == name.size()) return true;
        if (name[at++] != '.') return false;
    }
    return false;
}

/// Does one operation. True when it asks to be done again at once. VACUUM cannot run inside a transaction.
/// @throws usage_error  for a name that is none: it would be SQL text of whoever wrote it
bool perform(transport auto& db, maint_operation const& operation) {
    if (operation.function == "vacuum" || operation.function == "vacuum analyze") {
        if (!operation.argument || !callable_name(*operation.argument)) {
            throw usage_error{"cannot vacuum \"" + operation.argument.value_or("") + "\": not the name of a table"};
        }
        query(db, operation.function + " " + *operation.argument);
        return false;
    }
    if (!callable_name(operation.function)) {
        throw usage_error{"maintenance function \"" + operation.function + "\" is not the name of a function"};
    }
    auto const call = [&] {
        if (operation.argument) return query(db, "select " + operation.function + "($1)", *operation.argument);
        return query(db, "select " + operation.function + "()");
    };
    auto const rows = call();
    if (rows.size() != 1 || rows.columns() != 1) return false;
    auto const answer = rows.at(0, 0);
    if (!answer || answer->empty()) return false;
    for (char c : *answer) {
        if (c < '0' || c > '9') return false;
    }
    return answer->find_first_not_of('0') != std::string_view::npos;
}

}  // namespace pgq::sql
