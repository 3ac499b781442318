/// Changes of a table as the triggers of the extension capture them: pgq.logutriga and pgq.jsontriga, told apart by
/// themselves. Not for pgq.sqltriga, whose payload is SQL to be run.
#pragma once

#include <pgq/codec/malformed.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgq {

/// What was done to a row, or to the whole table.
enum class operation : std::uint8_t { insert, update, remove, truncate };

namespace detail {

/// The head of a change event: everything but the row.
struct change_head {
    operation what = operation::insert;
    bool as_json = false;
};

inline std::optional<operation> operation_of(std::string_view name) {
    if (name == "I" || name == "INSERT") return operation::insert;
    if (name == "U" || name == "UPDATE") return operation::update;
    if (name == "D" || name == "DELETE") return operation::remove;
    if (name == "R" || name == "TRUNCATE") return operation::truncate;
    return std::nullopt;
}

/// Nothing when the event's type is not that of a captured change.
inline std::optional<change_head> head_of(event const& ev) {
    if (!ev.type.starts_with('{')) {
        auto const what = operation_of(ev.type.substr(0, ev.type.find(':')));
        if (!what || (ev.type.find(':') == ev.type.npos && *what != operation::truncate)) return std::nullopt;
        return change_head{*what, false};
    }
    std::string made;
    json_reader in{ev.type};
    in.need('{', "not a JSON object");
    if (!in.skip('}')) {
        do {
            bool const found = in.string(made) == "op";
            in.need(':', "not JSON: no colon after a name");
            if (!found) {
                in.any();
            } else if (auto const what = operation_of(in.string(made))) {
                return change_head{*what, true};
            } else {
                break;
            }
        } while (in.skip(','));
    }
    malformed_value("a change without a known operation", ev.type);
}

/// The names of the key's columns; none for a table without key.
inline std::vector<std::string> key_columns_of(std::string_view type) {
    std::vector<std::string> names;
    if (!type.starts_with('{')) {
        auto const colon = type.find(':');
        auto rest = colon == type.npos ? std::string_view{} : type.substr(colon + 1);
        while (!rest.empty()) {
            auto const name = rest.substr(0, rest.find(','));
            names.emplace_back(name);
            rest.remove_prefix(name.size() == rest.size() ? name.size() : name.size() + 1);
        }
        return names;
    }
    std::string made;
    json_reader in{type};
    in.need('{', "not a JSON object");
    do {
        bool const found = in.string(made) == "pkey";
        in.need(':', "not JSON: no colon after a name");
        if (found) {
            read_json_array(in, "pkey", names);
        } else {
            in.any();
        }
    } while (in.skip(','));
    return names;
}

template <described Row> Row read_row(std::string_view data, bool as_json) {
    if (!as_json) return urlencoded::read<Row>(data);
    Row row{};
    auto in = json_reader::of_columns(data);
    read_json_object(in, row);
    in.end();
    return row;
}

}  // namespace detail

/// A row type that belongs to one table: `static constexpr std::string_view table = "public.orders";`
template <class Row> concept row_of_table = described<Row> && requires { std::string_view{Row::table}; };

/// One captured change. `decode<change<order_row>>{}` takes the events of the row's table, and those of every table
/// when the row type names none. The views live as long as the event.
template <described Row> struct change {
    using row_type = Row;

    operation what = operation::insert;
    std::string_view table{};     ///< schema.table, unquoted, as the trigger wrote it
    std::optional<Row> row{};     ///< the new row; the old one of a delete; nothing of a truncate
    std::string_view old_data{};  ///< with the trigger's argument `backup` or `pkey_update`, otherwise empty
    bool as_json = false;         ///< how old_data is encoded
    std::string_view type{};      ///< of the event, as the trigger wrote it
    std::string_view data{};      ///< the row, encoded

    /// The names of the key's columns, in the key's order; none for a table without key. @throws decode_error
    [[nodiscard]] std::vector<std::string> key_columns() const { return detail::key_columns_of(type); }

    /// What the trigger kept of the row before an update: all of it with `backup`, its key with `pkey_update`. `Old` is
    /// described with the columns that are there. Nothing when the trigger kept nothing. @throws decode_error
    template <described Old = Row> [[nodiscard]] std::optional<Old> old() const {
        if (old_data.empty()) return std::nullopt;
        return detail::read_row<Old>(old_data, as_json);
    }

    /// The key of the row before the change; `Key` is described with the key's columns. An update of the key, which is
    /// captured with `pkey_update` or `backup`, is the only change that has another key before than in `row`.
    /// Nothing of a truncate. @throws decode_error
    template <described Key> [[nodiscard]] std::optional<Key> old_key() const {
        if (what == operation::truncate) return std::nullopt;
        return detail::read_row<Key>(old_data.empty() ? data : old_data, as_json);
    }

    /// Whether the event is a change of this row's table.
    static bool accepts(event const& ev) {
        if constexpr (row_of_table<Row>) {
            if (ev.extra[0] != Row::table) return false;
        }
        return ev.type.starts_with('{') || detail::head_of(ev).has_value();
    }

    /// @throws decode_error
    static change read(event const& ev) {
        auto const head = detail::head_of(ev);
        if (!head) detail::malformed_value("not a captured change of a table", ev.type);
        change result{.what = head->what,
                      .table = ev.extra[0].value_or(""),
                      .as_json = head->as_json,
                      .type = ev.type,
                      .data = ev.data};
        if (head->what != operation::truncate) result.row = detail::read_row<Row>(ev.data, head->as_json);
        result.old_data = ev.extra[1].value_or("");
        return result;
    }
};

}  // namespace pgq
