/// Compares a row type with the table whose changes it is to take, at start-up, before the first event finds out.
///   pgq::check_table<order_row>(db, "public.orders");
#pragma once

#include <pgq/change.hpp>
#include <pgq/codec/enumeration.hpp>
#include <pgq/codec/malformed.hpp>
#include <pgq/error.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/fields.hpp>
#include <pgq/payload/unknown_fields.hpp>
#include <pgq/schema.hpp>
#include <pgq/sql/table.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq {

namespace detail {

/// What a field asks of its column.
struct wanted_column {
    std::string_view name{};
    std::string_view types{};  // empty: any
    bool array = false;
    bool nullable = false;
    bool may_be_missing = false;
    bool named_values = false;
    std::vector<std::string_view> labels{};
};

template <class T> void ask_for(wanted_column& wanted) {
    if constexpr (requires { codec<T>::columns; }) wanted.types = codec<T>::columns;
    if constexpr (named_enum<T>) {
        wanted.named_values = true;
        for (auto const& [value, name] : enum_names<T>)
            wanted.labels.emplace_back(name);
    }
}

template <class T> struct asked_of_column {
    static void fill(wanted_column& wanted) { ask_for<T>(wanted); }
};
template <class T> struct asked_of_column<std::optional<T>> {
    static void fill(wanted_column& wanted) {
        asked_of_column<T>::fill(wanted);
        wanted.nullable = true;
    }
};
template <class T>
    requires array_element<T>
struct asked_of_column<std::vector<T>> {
    static void fill(wanted_column& wanted) {
        ask_for<typename without_optional<T>::type>(wanted);
        wanted.array = true;
    }
};

template <described Row> std::vector<wanted_column> wanted_columns() {
    std::vector<wanted_column> all;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (asked_of_column<typename field<Row, I>::type>::fill(all.emplace_back(
             wanted_column{.name = field<Row, I>::name,
                           .may_be_missing = !required_fields<Row>[I] && !is_optional<typename field<Row, I>::type>})),
         ...);
    }(std::make_index_sequence<field_count<Row>>{});
    return all;
}

bool lists(std::string_view words, std::string_view word);

inline std::string_view name_of(std::string_view name) {
    return name;
}
std::string_view name_of(auto const& column) {
    return column.name;
}
/// The one of that name, or null.
template <class T> T const* named(std::vector<T> const& all, std::string_view name) {
    for (T const& one : all) {
        if (name_of(one) == name) return &one;
    }
    return nullptr;
}

void compare_column(std::string& out, wanted_column const& wanted, sql::table_column const& found);

/// A line for each difference; empty when there is none.
std::string compare_table(std::string_view table, std::vector<wanted_column> const& wanted, bool complete,
                          std::vector<sql::table_column> const& found);

template <described Row> std::string differences_of(transport auto& db, std::string_view table) {
    return compare_table(table, wanted_columns<Row>(), refuses_unknown<Row>, sql::table_columns(db, table));
}

template <class E> struct table_differences {
    static void add(transport auto&, std::string&) {}
};
template <class Row>
    requires row_of_table<Row>
struct table_differences<change<Row>> {
    static void add(transport auto& db, std::string& all) {
        auto const found = differences_of<Row>(db, Row::table);
        if (!found.empty()) all += (all.empty() ? "" : "\n") + found;
    }
};

template <class Schema> struct schema_tables;
template <class Format, class... Events> struct schema_tables<schema_in<Format, Events...>> {
    static std::string differences(transport auto& db) {
        std::string all;
        (table_differences<Events>::add(db, all), ...);
        return all;
    }
};

}  // namespace detail

/// Looks whether changes of `table` (schema.name, unquoted) can be read into a `Row`: each field has its column, of a
/// type that its codec reads (any, for a codec without `columns`), NULL only into an optional, each label of an enum
/// type named. Columns that the row does not describe are no difference, unless it refuses unknown fields; a field
/// listed as `defaulted` needs no column. One statement.
/// @throws usage_error  that lists all differences, or says that there is no such table
template <described Row> void check_table(transport auto& db, std::string_view table) {
    auto const found = detail::differences_of<Row>(db, table);
    if (!found.empty()) throw usage_error{found};
}

/// The same for a row type that names its table.
template <row_of_table Row> void check_table(transport auto& db) {
    check_table<Row>(db, Row::table);
}

/// The same for each change<Row> of a schema whose row type names its table. @throws usage_error  for all of them
template <class Schema>
    requires detail::is_schema<Schema>
void check_tables(transport auto& db) {
    auto const found = detail::schema_tables<Schema>::differences(db);
    if (!found.empty()) throw usage_error{found};
}

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/check_table.ipp>
#endif
