/// A consumer of captured changes that looks, before it takes a batch, whether its row types fit their tables. For a
/// look by itself: <pgq/check_table.hpp>.
#pragma once

#include <pgq/check_table.hpp>
#include <pgq/error.hpp>
#include <pgq/policy/unprepared.hpp>
#include <pgq/stage/dispatch.hpp>
#include <pgq/stage/match_all.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <string>

namespace pgq {
namespace detail {

/// The tables whose changes are read by a part of a chain, and by the parts inside of it.
template <class... Parts> struct tables_read {
    static constexpr std::size_t count = (tables_read<Parts>::count + ... + 0);
    static void add_differences(transport auto& db, std::string& all) {
        (tables_read<Parts>::add_differences(db, all), ...);
    }
};
template <class Part> struct tables_read<Part> {
    static constexpr std::size_t count = 0;
    static void add_differences(transport auto&, std::string&) {}
};
template <row_of_table Row> struct tables_read<change<Row>> {
    static constexpr std::size_t count = 1;
    static void add_differences(transport auto& db, std::string& all) { table_differences<change<Row>>::add(db, all); }
};
template <class E, class Format> struct tables_read<decode<E, Format>> : tables_read<E> {};
template <class E, class Format, class... Parts>
struct tables_read<branch<E, Format, Parts...>> : tables_read<E, Parts...> {};
template <class... Parts> struct tables_read<fallback_branch<Parts...>> : tables_read<void, Parts...> {};
template <class... Branches> struct tables_read<match<Branches...>> : tables_read<void, Branches...> {};
template <class Schema, class... Branches>
struct tables_read<schema_match<Schema, Branches...>> : tables_read<void, Branches...> {};

}  // namespace detail

/// `consumer{source, checked_tables{}, decode<change<customer>>{}, handler}`: before the first batch on each session
/// every `change<Row>` that the chain decodes, also in branches of a match, is compared with the table that its Row
/// names, as by check_table(). Changes that a branch ignores are not. One statement per table and session.
///
/// For queues whose triggers are in the same database. A session with the server in memory, which has no tables, is not
/// asked.
/// @throws usage_error  that lists all differences of all tables, before any event is handled
struct checked_tables {
    using policy_axis = start_axis;

    /// Whether there is something to compare in a consumer of these parts.
    template <class... Parts> struct checks {
        static_assert(detail::tables_read<void, Parts...>::count > 0,
                      "pgq::checked_tables finds no table to check: it needs decode<change<Row>> or "
                      "on<change<Row>>(...), with a Row that names its table by a static member table");
    };

    /// For the consumer.
    template <class... Parts, transport Db> void start(Db& db) const {
        if constexpr (!simulated<Db>) {
            std::string all;
            detail::tables_read<void, Parts...>::add_differences(db, all);
            if (!all.empty()) throw usage_error{all};
        }
    }
};

}  // namespace pgq
