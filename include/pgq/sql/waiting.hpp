/// Events that wait for a consumer, looked at and taken out of the queue one by one. Needs the extension of this
/// project; pgq 3.5 has no such functions.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/event.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/transport.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq::sql {

/// Rows for read_event(): events behind the consumer's position, ticked or not, and its events that wait to be retried,
/// in order of id; those after `after`, at most `limit`. Changes nothing. Reads all that waits and was never put aside.
/// @throws sql_error  P0001 for a consumer that is not registered
auto waiting_events(transport auto& db, std::string_view queue, std::string_view consumer, std::int64_t after,
                    int limit) {
    static std::string const text =
        "select " + std::string{detail::event_columns} + " from pgq.get_waiting_events($1, $2, $3, $4)";
    return query(db, text, queue, consumer, after, limit);
}

/// Takes the events with these ids (an array literal) out of what waits, and returns them as rows for read_event():
/// gone with the end of the transaction, back if that is rolled back. Those that do not wait are passed over.
/// @throws sql_error  P0001 for a consumer that is not registered, class 25 in a transaction that is not READ COMMITTED
auto take_waiting_events(transport auto& db, std::string_view queue, std::string_view consumer,
                         std::string const& ids) {
    static std::string const text =
        "select " + std::string{detail::event_columns} + " from pgq.take_waiting_events($1, $2, $3::bigint[])";
    return query(db, text, queue, consumer, ids);
}

/// The same for all that wait, unseen. Returns how many there were.
std::int64_t drop_waiting_events(transport auto& db, std::string_view queue, std::string_view consumer) {
    return value_of<std::int64_t>(
        query(db, "select count(*) from pgq.take_waiting_events($1, $2, null)", queue, consumer), 0, 0);
}

/// Stores an event for one consumer only, under the id that it had before, as if it had never been tried. False when
/// there is no such subscription. Needs pgq_admin.
bool insert_event_for(transport auto& db, std::string_view queue, std::string_view consumer, std::int64_t id,
                      timestamp time, new_event const& event) {
    auto const rows = query(db,
                            "select pgq.insert_event_raw(q.queue_name, $3::bigint, $4::timestamptz, s.sub_id, 0, $5, "
                            "$6, $7, $8, $9, $10) "
                            "from pgq.queue q join pgq.subscription s on s.sub_queue = q.queue_id "
                            "join pgq.consumer c on c.co_id = s.sub_consumer "
                            "where q.queue_name = $1 and c.co_name = $2",
                            queue, consumer, id, time, event.type, event.data, event.extra[0], event.extra[1],
                            event.extra[2], event.extra[3]);
    return rows.size() > 0;
}

/// The server's time. What it inserts later has this time or a later one, but for transactions that were open.
inline timestamp server_time(transport auto& db) {
    return value_of<timestamp>(query(db, "select clock_timestamp()"), 0, 0);
}

}  // namespace pgq::sql
