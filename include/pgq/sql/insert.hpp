/// Putting events into a queue, one or many per statement. Joins the caller's transaction, if there is one.
/// Not for choosing how: <pgq/policy/insert.hpp>; not for typed events: <pgq/producer.hpp>.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/event.hpp>
#include <pgq/transport.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {

/// An event to be stored. A view whose data() is null stands for NULL.
struct new_event {
    std::string_view type{};
    std::string_view data{};
    std::array<nullable_text, 4> extra{};  ///< ev_extra1 to ev_extra4
};

}  // namespace pgq

namespace pgq::sql {

/// The statement of insert_event(), for those who send it themselves: queue, type, data and the four extras.
inline constexpr std::string_view insert_event_text = "select pgq.insert_event($1, $2, $3, $4, $5, $6, $7)";

/// Stores one event and returns its id.
/// @throws sql_error  with the server's text when the queue is unknown, closed for inserts, or over its limit
std::int64_t insert_event(transport auto& db, std::string_view queue, new_event const& event) {
    auto const rows = query(db, insert_event_text, queue, event.type, event.data, event.extra[0], event.extra[1],
                            event.extra[2], event.extra[3]);
    return value_of<std::int64_t>(rows, 0, 0);
}

/// Stores many events by one call; `types` and `data` are array literals of the same length. Returns how many.
/// Needs the extension of this project; pgq 3.5 has no such function.
std::uint64_t insert_events(transport auto& db, std::string_view queue, std::string const& types,
                            std::string const& data) {
    auto const rows =
        query(db, "select cardinality(pgq.insert_events($1, $2::text[], $3::text[]))", queue, types, data);
    return static_cast<std::uint64_t>(value_of<std::int64_t>(rows, 0, 0));
}

/// Where the events of a queue go until the transaction ends.
struct event_table {
    std::string name;                   ///< schema and table, as the server spells them
    std::string now;                    ///< start of the transaction, for ev_time
    std::optional<std::int64_t> limit;  ///< most events of one transaction; none: no limit
};

/// Gives the transaction its id before the table is read, so that no rotation between the two can hide its events:
/// a rotation that is seen later has a later id. Reading by a snapshot older than the id would not do, so this needs
/// READ COMMITTED. Nothing for an unknown queue.
/// @throws sql_error    for a queue closed for inserts
/// @throws usage_error  in a transaction of another isolation level
std::optional<event_table> current_event_table(transport auto& db, std::string_view queue) {
    auto const level = query(db, "select current_setting('transaction_isolation'), txid_current()");
    if (auto const text = value_of<std::string>(level, 0, 0); text != "read committed" && text != "read uncommitted") {
        throw usage_error{
            "copying events into a queue needs a transaction of level \"read committed\", this one is \"" + text +
            "\""};
    }
    auto const rows = query(db,
                            "select pgq.current_event_table(queue_name), now()::text, queue_per_tx_limit::bigint "
                            "from pgq.queue where queue_name = $1",
                            queue);
    if (rows.size() == 0) return std::nullopt;
    return event_table{value_of<std::string>(rows, 0, 0), value_of<std::string>(rows, 0, 1),
                       value_of<std::optional<std::int64_t>>(rows, 0, 2)};
}

/// COPY of time, type, data and the four extras; the table's defaults give id and transaction.
inline std::string copy_events_text(std::string_view table) {
    return "copy " + std::string{table} +
           " (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4) from stdin";
}

}  // namespace pgq::sql
