/// The server's functions beyond plain delivery, on the tables in memory: delayed events, events inserted once, lag,
/// positions, pauses.
#pragma once

#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/queues.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>
#include <pgq/testing/detail/waiting.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

/// What the functions for inserting say of a queue that is not there.
inline std::int64_t insertable_queue(view const& db, cell const& name) {
    if (!name) refuse("Queue name must not be NULL", "XX000");
    auto const* const queue = db.find<queue_row>(*name);
    if (queue == nullptr) refuse("No such queue", "XX000");
    return queue->id;
}

/// The number under which the event waits.
inline std::int64_t insert_event_after(view& db, cell const& name, timestamp when, event_row ev) {
    insertable_queue(db, name);
    auto const number = ++db.shared().last_delayed;
    db.put<delayed_row>(number, delayed_row{when, *name, std::move(ev)});
    return number;
}

inline bool cancel_delayed_event(view& db, std::string const& name, std::int64_t number) {
    auto const* const found = db.find<delayed_row>(number);
    if (found == nullptr || found->queue != name) return false;
    db.put<delayed_row>(number, std::nullopt);
    return true;
}

/// Some hundred at a time, in order of their times.
inline std::int64_t maint_delayed_events(view& db) {
    constexpr std::size_t most = 500;
    auto const due = db.select<delayed_row>(
        [&](auto const& key, auto const& one) { return one.when <= db.now() && !db.locked<delayed_row>(key); });
    std::vector<std::pair<std::int64_t, delayed_row>> oldest{due.begin(), due.end()};
    std::stable_sort(oldest.begin(), oldest.end(),
                     [](auto const& a, auto const& b) { return a.second.when < b.second.when; });
    oldest.resize(std::min(oldest.size(), most));
    for (auto& [number, one] : oldest) {
        if (db.find<queue_row>(one.queue) != nullptr) insert_event(db, one.queue, std::move(one.event));
        db.put<delayed_row>(number, std::nullopt);
    }
    return static_cast<std::int64_t>(oldest.size());
}

/// The id of the event with that key, and whether it is this one.
inline std::pair<std::int64_t, bool> insert_event_once(view& db, cell const& name, cell const& key,
                                                       std::optional<microseconds> window, event_row ev) {
    constexpr std::size_t longest = 1'000;
    if (!key || key->size() > longest) { refuse("event_key must not be null, nor longer than 1000 bytes", "22023"); }
    if (!window || window->count() <= 0) refuse("key_window must be longer than 0", "22023");
    auto const queue = insertable_queue(db, name);
    auto const* const found = db.find<once_row>({queue, *key});
    auto const now = db.shared().clock.now();
    if (found != nullptr && found->expires > now) return {found->event, false};
    auto const id = ++db.sequences(queue).event;
    db.put<once_row>({queue, *key}, once_row{id, timestamp{now.microseconds + window->count()}});
    ev.id = id;
    ev.time = db.now();
    insert_event(db, name, std::move(ev));
    return {id, true};
}

/// Events that the slowest consumer has not finished, at most, and how long it could have had the oldest of them.
inline std::pair<std::int64_t, microseconds> queue_lag(view& db, cell const& name) {
    auto const* const queue = db.find<queue_row>(name.value_or(""));
    if (queue == nullptr) refuse("No such event queue: " + shown(name));
    auto const id = queue->id;
    std::optional<std::int64_t> slowest;
    for (auto const& [key, sub] :
         db.select<subscription_row>([&](auto const& one, auto const&) { return one.first == id; })) {
        if (sub.last_tick && (!slowest || *sub.last_tick < *slowest)) slowest = sub.last_tick;
    }
    if (!slowest) return {};
    auto const events = db.sequences(id).event - db.find<tick_row>({id, *slowest})->event_seq;
    auto const later =
        db.select<tick_row>([&](auto const& key, auto const&) { return key.first == id && key.second > *slowest; });
    if (events <= 0) return {};
    if (later.empty()) return {events, {}};
    return {events, std::max(between(later.begin()->second.time, db.now()), microseconds{0})};
}

inline std::int64_t seek_tick(view& db, cell const& name, cell const& consumer, cell const& tick) {
    if (!name || !consumer || !tick) refuse("Invalid NULL value");
    if (db.find<queue_row>(*name) == nullptr) refuse("No such event queue: " + *name);
    subscription_of(db, name, consumer);
    auto const target = number_of<std::int64_t>(*tick, "bigint");
    register_consumer(db, *name, *consumer, target);
    return target;
}
/// To the oldest or the newest tick.
inline std::int64_t seek_end(view& db, cell const& name, cell const& consumer, bool newest) {
    auto const* const queue = db.find<queue_row>(name.value_or(""));
    auto const ticks =
        db.select<tick_row>([&](auto const& key, auto const&) { return queue != nullptr && key.first == queue->id; });
    if (ticks.empty()) return seek_tick(db, name, consumer, "0");
    auto const& [key, tick] = newest ? *ticks.rbegin() : *ticks.begin();
    return seek_tick(db, name, consumer, std::to_string(key.second));
}

/// False when nothing changes.
inline bool set_paused(view& db, cell const& name, cell const& consumer, bool paused) {
    auto const* const queue = db.find<queue_row>(name.value_or(""));
    auto const* const sub = queue == nullptr ? nullptr : db.find<subscription_row>({queue->id, consumer.value_or("")});
    if (sub == nullptr) refuse("Not subscriber to queue: " + shown(name) + "/" + shown(consumer));
    subscription_row::key const key{queue->id, *consumer};
    auto const same = db.select<subscription_row>([&](auto const&, auto const& one) { return one.id == sub->id; });
    if (sub->last_tick.has_value() == sub->next_tick.has_value() && same.size() > 1) {
        refuse("cannot pause " + *consumer + ": it is a member of a cooperative consumer");
    }
    if ((db.find<pause_row>(key) != nullptr) == paused) return false;
    db.put<pause_row>(key, paused ? std::optional{pause_row{db.now()}} : std::nullopt);
    if (!paused) db.made().ticked.push_back(*name);
    return true;
}

}  // namespace pgq::testing::detail
