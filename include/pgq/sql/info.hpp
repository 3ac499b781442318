/// The state of queues and subscriptions as the server reports it, for operators and metrics.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgq::detail {
std::chrono::milliseconds milliseconds_of(row_set auto const& rows, std::size_t row, std::size_t column) {
    return std::chrono::milliseconds{value_of<std::int64_t>(rows, row, column)};
}
std::optional<std::chrono::milliseconds> maybe_milliseconds_of(row_set auto const& rows, std::size_t row,
                                                               std::size_t column) {
    if (!rows.at(row, column)) return std::nullopt;
    return milliseconds_of(rows, row, column);
}
}  // namespace pgq::detail

namespace pgq::sql {

/// One queue. Numbers taken from sequences are hints: rolled-back inserts leave gaps in them.
struct queue_info {
    std::string name;
    int tables = 0;
    int current_table = 0;
    std::chrono::milliseconds rotation_period{0};
    std::chrono::milliseconds since_rotation{0};
    bool external_ticker = false;
    bool ticker_paused = false;
    int ticker_max_count = 0;
    std::chrono::milliseconds ticker_max_lag{0};
    std::chrono::milliseconds ticker_idle_period{0};
    std::optional<std::chrono::milliseconds> ticker_lag{};  ///< age of the newest tick; nothing before the first
    std::optional<std::int64_t> new_events{};               ///< inserted since the newest tick
    std::optional<std::int64_t> last_tick{};
};

/// One subscription.
struct consumer_info {
    std::string queue;
    std::string consumer;
    std::optional<std::chrono::milliseconds> lag{};  ///< age of the last finished tick
    std::chrono::milliseconds last_seen{0};
    std::optional<std::int64_t> last_tick{};
    std::optional<std::int64_t> current_batch{};
    std::optional<std::int64_t> next_tick{};
    std::optional<std::int64_t> pending_events{};
};

/// All queues by name, or the one named; an unknown name gives none.
std::vector<queue_info> get_queue_info(transport auto& db, std::optional<std::string_view> queue = std::nullopt) {
    auto const rows = query(
        db,
        "select queue_name, queue_ntables, queue_cur_table, (extract(epoch from queue_rotation_period) * "
        "1000)::bigint, "
        "(extract(epoch from now() - queue_switch_time) * 1000)::bigint, queue_external_ticker, queue_ticker_paused, "
        "queue_ticker_max_count, (extract(epoch from queue_ticker_max_lag) * 1000)::bigint, "
        "(extract(epoch from queue_ticker_idle_period) * 1000)::bigint, (extract(epoch from ticker_lag) * "
        "1000)::bigint, "
        "ev_new, last_tick_id from pgq.get_queue_info($1)",
        queue);
    std::vector<queue_info> infos;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        infos.push_back({.name = value_of<std::string>(rows, row, 0),
                         .tables = value_of<int>(rows, row, 1),
                         .current_table = value_of<int>(rows, row, 2),
                         .rotation_period = detail::milliseconds_of(rows, row, 3),
                         .since_rotation = detail::milliseconds_of(rows, row, 4),
                         .external_ticker = value_of<bool>(rows, row, 5),
                         .ticker_paused = value_of<bool>(rows, row, 6),
                         .ticker_max_count = value_of<int>(rows, row, 7),
                         .ticker_max_lag = detail::milliseconds_of(rows, row, 8),
                         .ticker_idle_period = detail::milliseconds_of(rows, row, 9),
                         .ticker_lag = detail::maybe_milliseconds_of(rows, row, 10),
                         .new_events = value_of<std::optional<std::int64_t>>(rows, row, 11),
                         .last_tick = value_of<std::optional<std::int64_t>>(rows, row, 12)});
    }
    return infos;
}

/// Subscriptions by queue and consumer; an absent name stands for all.
std::vector<consumer_info> get_consumer_info(transport auto& db, std::optional<std::string_view> queue = std::nullopt,
                                             std::optional<std::string_view> consumer = std::nullopt) {
    auto const rows = query(db,
                            "select queue_name, consumer_name, (extract(epoch from lag) * 1000)::bigint, "
                            "(extract(epoch from last_seen) * 1000)::bigint, last_tick, current_batch, next_tick, "
                            "pending_events from pgq.get_consumer_info($1, $2)",
                            queue, consumer);
    std::vector<consumer_info> infos;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        infos.push_back({.queue = value_of<std::string>(rows, row, 0),
                         .consumer = value_of<std::string>(rows, row, 1),
                         .lag = detail::maybe_milliseconds_of(rows, row, 2),
                         .last_seen = detail::milliseconds_of(rows, row, 3),
                         .last_tick = value_of<std::optional<std::int64_t>>(rows, row, 4),
                         .current_batch = value_of<std::optional<std::int64_t>>(rows, row, 5),
                         .next_tick = value_of<std::optional<std::int64_t>>(rows, row, 6),
                         .pending_events = value_of<std::optional<std::int64_t>>(rows, row, 7)});
    }
    return infos;
}

}  // namespace pgq::sql
