/// The server's functions for queues, ticks and new events, on the tables in memory.
#pragma once

#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

inline std::int64_t insert_tick(view& db, std::string const& name, std::int64_t queue, bool first) {
    auto const tick = ++db.sequences(queue).tick;
    db.put<tick_row>({queue, tick},
                     tick_row{db.now(), db.shared().commits, db.sequences(queue).event, db.oldest_txid()});
    if (!first) db.made().ticked.push_back(name);
    return tick;
}

/// One ticker works on a queue at a time; the others pass it over.
inline bool ticked_by_another(view const& db, tables const& all, std::int64_t queue) {
    auto const ours = [&](auto const& changed) { return changed.first.first == queue; };
    return std::any_of(all.open.begin(), all.open.end(), [&](transaction const* other) {
        auto const& ticks = std::get<changed_rows<tick_row>>(other->made.rows);
        return std::any_of(ticks.begin(), ticks.end(), ours) && !db.is(*other);
    });
}

inline bool tick_is_due(view const& db, queue_row const& queue, std::int64_t event_seq) {
    auto const ticks = db.select<tick_row>([&](auto const& key, auto const&) { return key.first == queue.id; });
    if (ticks.empty()) return true;
    auto const& last = ticks.rbegin()->second;
    auto const lag = between(last.time, db.now());
    if (event_seq > last.event_seq) {
        return event_seq - last.event_seq >= queue.ticker_max_count || lag >= queue.ticker_max_lag;
    }
    if (ticks.size() == 1) return true;
    // An idle queue is ticked at ever longer distances.
    auto const gap = between(std::next(ticks.rbegin())->second.time, last.time);
    return lag >= queue.ticker_max_lag / 2 && (lag >= gap * 2 || lag >= queue.ticker_idle_period);
}

/// The new tick, or nothing when none is due.
inline std::optional<std::int64_t> tick_queue(view& db, std::string const& name) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) refuse("no such queue");
    if (queue->external_ticker) refuse("This queue has external tick source.");
    if (queue->ticker_paused) refuse("Ticker has been paused for this queue");
    if (ticked_by_another(db, db.shared(), queue->id)) return std::nullopt;
    if (!tick_is_due(db, *queue, db.sequences(queue->id).event)) return std::nullopt;
    return insert_tick(db, name, queue->id, !db.newest_tick(queue->id));
}

inline committed_rows<queue_row> ticked_queues(view const& db) {
    return db.select<queue_row>(
        [](auto const&, queue_row const& queue) { return !queue.external_ticker && !queue.ticker_paused; });
}

inline std::int64_t tick_all(view& db) {
    std::int64_t ticked = 0;
    for (auto const& [name, queue] : ticked_queues(db))
        ticked += tick_queue(db, name) ? 1 : 0;
    return ticked;
}

/// True when events are committed that the queue's newest tick does not cover.
inline bool has_pending(view& db, std::int64_t queue) {
    auto const last = db.newest_tick(queue);
    auto const& events = db.shared().events[queue];
    return !last || (!events.empty() && events.back().commit > last->second.seen);
}

/// True when a consumer has come as far as the newest tick, so that another is of use to somebody.
inline bool newest_tick_is_reached(view const& db, std::int64_t queue) {
    auto const last = db.newest_tick(queue);
    if (!last) return true;
    return !db.select<subscription_row>([&](auto const& key, subscription_row const& sub) {
                  auto const position = sub.next_tick ? sub.next_tick : sub.last_tick;
                  return key.first == queue && position == last->first;
              }).empty();
}

inline std::optional<std::int64_t> force_tick(view& db, std::string const& name) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) return std::nullopt;
    if (!queue->external_ticker && !queue->ticker_paused) {
        db.sequences(queue->id).event += 1 + 2 * std::int64_t{queue->ticker_max_count} + 1'000;
    }
    auto const last = db.newest_tick(queue->id);
    return last ? std::optional{last->first} : std::nullopt;
}

inline bool create_queue(view& db, cell const& name) {
    if (!name) refuse("Invalid NULL value");
    if (db.find<queue_row>(*name) != nullptr) return false;
    auto const id = ++db.shared().last_queue;
    db.put<queue_row>(*name, queue_row{.id = id, .switched = db.now(), .rotated_by = db.txid()});
    tick_queue(db, *name);
    return true;
}

inline void drop_queue(view& db, std::string const& name, bool force) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) refuse("No such event queue");
    auto const id = queue->id;
    auto const of_queue = [&](auto const& key, auto const&) { return key.first == id; };
    auto const subscriptions = db.select<subscription_row>(of_queue);
    if (!force && !subscriptions.empty()) refuse("cannot drop queue, consumers still attached");
    for (auto const& [key, sub] : subscriptions) {
        db.put<subscription_row>(key, std::nullopt);
        auto const owner = sub.id;
        for (auto const &retry : db.select<retry_row>([&](auto const& one, auto const&) { return one.first == owner; }))
            db.put<retry_row>(retry.first, std::nullopt);
    }
    for (auto const& tick : db.select<tick_row>(of_queue))
        db.put<tick_row>(tick.first, std::nullopt);
    for (auto const& one : db.select<delayed_row>([&](auto const&, auto const& row) { return row.queue == name; }))
        db.put<delayed_row>(one.first, std::nullopt);
    for (auto const& one : db.select<once_row>(of_queue))
        db.put<once_row>(one.first, std::nullopt);
    for (auto const& one : db.select<pause_row>(of_queue))
        db.put<pause_row>(one.first, std::nullopt);
    db.put<queue_row>(name, std::nullopt);
}

inline void set_queue_config(view& db, cell const& name, cell const& parameter, cell const& value) {
    if (!name || !parameter) refuse("Invalid NULL value");
    auto const* const found = db.find<queue_row>(*name);
    if (found == nullptr) refuse("No such event queue");
    auto queue = *found;
    auto const text = value.value_or("");
    if (parameter == "ticker_max_count") queue.ticker_max_count = number_of<std::int32_t>(text, "integer");
    else if (parameter == "ticker_max_lag") queue.ticker_max_lag = interval_of(text);
    else if (parameter == "ticker_idle_period") queue.ticker_idle_period = interval_of(text);
    else if (parameter == "ticker_paused") queue.ticker_paused = bool_of(text);
    else if (parameter == "rotation_period") queue.rotation_period = interval_of(text);
    else if (parameter == "external_ticker") queue.external_ticker = bool_of(text);
    else refuse("cannot change parameter \"" + *parameter + "s\"");
    db.put<queue_row>(*name, queue);
}

/// `ev.id` of 0 takes the next one. @return the event's id
inline std::int64_t insert_event(view& db, cell const& queue_name, event_row ev) {
    if (!queue_name) refuse("Queue name must not be NULL", "XX000");
    auto const* const queue = db.find<queue_row>(*queue_name);
    if (queue == nullptr) refuse("No such queue", "XX000");
    auto const next = ++db.sequences(queue->id).event;
    if (ev.id == 0) {
        ev.id = next;
        ev.time = db.now();
    }
    ev.txid = db.txid();
    ev.table = queue->table;
    auto const id = ev.id;
    db.made().events.push_back({queue->id, std::move(ev)});
    return id;
}

}  // namespace pgq::testing::detail
