/// Subscriptions: who reads which queue, and from where.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/ids.hpp>
#include <pgq/transport.hpp>

#include <string_view>

namespace pgq::sql {

/// Subscribes from the newest tick on. False when the consumer was registered before; its position stays.
/// @throws sql_error  P0001 for an unknown queue, or one that has no tick yet
bool register_consumer(transport auto& db, std::string_view queue, std::string_view consumer) {
    return value_of<int>(query(db, "select pgq.register_consumer($1, $2)", queue, consumer), 0, 0) == 1;
}

/// Subscribes from `tick` on, or moves the position there and drops an open batch.
/// @throws sql_error  P0001 when the queue does not have that tick, or not any more
bool register_consumer_at(transport auto& db, std::string_view queue, std::string_view consumer, tick_id tick) {
    return value_of<int>(query(db, "select pgq.register_consumer_at($1, $2, $3)", queue, consumer, tick), 0, 0) == 1;
}

/// False when there was no such subscription. Events waiting to be retried are dropped with it.
bool unregister_consumer(transport auto& db, std::string_view queue, std::string_view consumer) {
    return value_of<int>(query(db, "select pgq.unregister_consumer($1, $2)", queue, consumer), 0, 0) > 0;
}

/// Whether there is such a queue. Reads its row, and figures about its events with it.
bool queue_exists(transport auto& db, std::string_view queue) {
    return query(db, "select 1 from pgq.get_queue_info($1)", queue).size() > 0;
}

/// Whether a consumer is registered on the queue. False for an unknown queue, too.
bool consumer_exists(transport auto& db, std::string_view queue, std::string_view consumer) {
    return query(db, "select 1 from pgq.get_consumer_info($1, $2)", queue, consumer).size() > 0;
}

}  // namespace pgq::sql
