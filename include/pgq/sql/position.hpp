/// Positions of consumers: moved, paused, resumed, and what is kept for them.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/ids.hpp>
#include <pgq/timestamp.hpp>
#include <pgq/transport.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgq {

/// The oldest and the newest tick of a queue that are kept.
struct kept_ticks {
    tick_id oldest{};
    timestamp oldest_time{};
    tick_id newest{};
    timestamp newest_time{};
};

}  // namespace pgq

namespace pgq::sql {

/// Moves a consumer to the last tick at or before a time, and returns it.
/// @throws sql_error  P0001 for an unknown queue or consumer, and when nothing that old is kept
tick_id seek(transport auto& db, std::string_view queue, std::string_view consumer, timestamp time) {
    return tick_id{
        value_of<std::int64_t>(query(db, "select pgq.seek($1, $2, $3::timestamptz)", queue, consumer, time), 0, 0)};
}
/// To a tick. @throws sql_error  P0001 as seek()
tick_id seek_tick(transport auto& db, std::string_view queue, std::string_view consumer, tick_id tick) {
    return tick_id{value_of<std::int64_t>(query(db, "select pgq.seek_tick($1, $2, $3)", queue, consumer, tick), 0, 0)};
}
/// To the oldest tick that is kept. @throws sql_error  P0001 as seek()
tick_id seek_start(transport auto& db, std::string_view queue, std::string_view consumer) {
    return tick_id{value_of<std::int64_t>(query(db, "select pgq.seek_start($1, $2)", queue, consumer), 0, 0)};
}
/// To the newest tick. @throws sql_error  P0001 as seek()
tick_id seek_end(transport auto& db, std::string_view queue, std::string_view consumer) {
    return tick_id{value_of<std::int64_t>(query(db, "select pgq.seek_end($1, $2)", queue, consumer), 0, 0)};
}

/// Nothing for a queue that is unknown or has no tick.
std::optional<kept_ticks> kept_ticks_of(transport auto& db, std::string_view queue) {
    auto const rows = query(db,
                            "(select t.tick_id, t.tick_time from pgq.tick t join pgq.queue q on q.queue_id = "
                            "t.tick_queue where q.queue_name = $1 order by t.tick_id limit 1) union all "
                            "(select t.tick_id, t.tick_time from pgq.tick t join pgq.queue q on q.queue_id = "
                            "t.tick_queue where q.queue_name = $1 order by t.tick_id desc limit 1)",
                            queue);
    if (rows.size() != 2) return std::nullopt;
    return kept_ticks{tick_id{value_of<std::int64_t>(rows, 0, 0)}, value_of<timestamp>(rows, 0, 1),
                      tick_id{value_of<std::int64_t>(rows, 1, 0)}, value_of<timestamp>(rows, 1, 1)};
}

/// False when it was paused already. @throws sql_error  P0001 for a consumer that is not registered
bool pause_consumer(transport auto& db, std::string_view queue, std::string_view consumer) {
    return value_of<int>(query(db, "select pgq.pause_consumer($1, $2)", queue, consumer), 0, 0) == 1;
}
/// False when it was not paused.
bool resume_consumer(transport auto& db, std::string_view queue, std::string_view consumer) {
    return value_of<int>(query(db, "select pgq.resume_consumer($1, $2)", queue, consumer), 0, 0) == 1;
}
/// Since when a consumer is paused; nothing when it is not, or is unknown.
std::optional<timestamp> paused_since(transport auto& db, std::string_view queue, std::string_view consumer) {
    auto const rows =
        query(db, "select paused_since from pgq.get_paused_consumers($1) where consumer_name = $2", queue, consumer);
    if (rows.size() == 0) return std::nullopt;
    return value_of<timestamp>(rows, 0, 0);
}

}  // namespace pgq::sql
