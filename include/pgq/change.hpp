/// Changes of a table as the triggers of the extension capture them: pgq.logutriga and pgq.jsontriga, told apart by
/// themselves. Not for pgq.sqltriga, whose payload is SQL to be run.
#pragma once

#include <pgq/codec/malformed.hpp>
#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
    std::optional<operation> what;
    json_reader in{ev.type};
    in.need('{', "not a JSON object");
    do {
        if (in.string(made) == "op") {
            in.need(':', "not JSON: no colon after a name");
            what = operation_of(in.string(made));
        } else {
            in.need(':', "not JSON: no colon after a name");
            in.any();
        }
    } while (in.skip(','));
    in.need('}', "not JSON: an object without end");
    if (!what) malformed_value("a change without a known operation", ev.type);
    return change_head{*what, true};
}

template <described Row> Row read_row(std::string_view data, bool as_json) {
    return as_json ? json::read<Row>(data) : urlencoded::read<Row>(data);
}

}  // namespace detail

/// A row type that belongs to one table: `static constexpr std::string_view table = "public.orders";`
template <class Row>
concept row_of_table = described<Row> && requires { std::string_view{Row::table}; };

/// One captured change. `decode<change<order_row>>{}` takes the events of the row's table, and those of every table when
/// the row type names none. The views live as long as the event.
template <described Row> struct change {
    operation what = operation::insert;
    std::string_view table{};         ///< schema.table, unquoted, as the trigger wrote it
    std::optional<Row> row{};         ///< the new row; the old one of a delete; nothing of a truncate
    std::string_view old_data{};      ///< with the trigger's argument `backup` or `pkey_update`, otherwise empty
    bool as_json = false;             ///< how old_data is encoded

    /// What the trigger kept of the row before an update: all of it with `backup`, its key with `pkey_update`. `Old` is
    /// described with the columns that are there. Nothing when the trigger kept nothing. @throws decode_error
    template <described Old = Row> [[nodiscard]] std::optional<Old> old() const {
        if (old_data.empty()) return std::nullopt;
        return detail::read_row<Old>(old_data, as_json);
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
        change result{.what = head->what, .table = ev.extra[0].value_or(""), .as_json = head->as_json};
        if (head->what != operation::truncate) result.row = detail::read_row<Row>(ev.data, head->as_json);
        result.old_data = ev.extra[1].value_or("");
        return result;
    }
};

}  // namespace pgq
