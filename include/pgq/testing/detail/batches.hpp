/// The server's functions for subscriptions, batches and retries, on the tables in memory.
#pragma once

#include <pgq/testing/detail/queues.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

/// Moves to `position` where one is given. True for a new subscription.
inline bool register_consumer(view& db, std::string const& name, std::string const& consumer,
                              std::optional<std::int64_t> position) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) refuse("Event queue not created yet");
    auto const id = queue->id;
    if (position && db.find<tick_row>({id, *position}) == nullptr) {
        refuse("cannot reposition, tick not found: " + std::to_string(*position));
    }
    if (auto const* const found = db.find<subscription_row>({id, consumer})) {
        if (position) {
            auto& begun = db.shared().begun[found->id];
            begun = std::min(begun, db.find<tick_row>({id, *position})->seen);
            db.put<subscription_row>({id, consumer},
                                     subscription_row{.id = found->id, .last_tick = position, .active = db.now()});
        }
        return false;
    }
    if (!position) {
        auto const last = db.newest_tick(id);
        if (!last) refuse("No ticks for this queue.  Please run ticker on database.");
        position = last->first;
    }
    auto const sub = ++db.shared().last_subscription;
    db.shared().begun[sub] = db.find<tick_row>({id, *position})->seen;
    db.put<subscription_row>({id, consumer}, subscription_row{.id = sub, .last_tick = position, .active = db.now()});
    return true;
}

/// How many subscriptions ended: that of a consumer takes its members' with it.
inline std::int64_t unregister_consumer(view& db, std::string const& name, std::string const& consumer) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) return 0;
    auto const id = queue->id;
    auto const* const found = db.find<subscription_row>({id, consumer});
    if (found == nullptr) return 0;
    if (db.find<pause_row>({id, consumer}) != nullptr) db.put<pause_row>({id, consumer}, std::nullopt);
    auto const sub = *found;
    auto const all = db.select<subscription_row>([&](auto const&, auto const& one) { return one.id == sub.id; });
    if (sub.last_tick.has_value() == sub.next_tick.has_value() && all.size() > 1) {
        db.put<subscription_row>({id, consumer}, std::nullopt);
        return 1;
    }
    for (auto const &retry : db.select<retry_row>([&](auto const& key, auto const&) { return key.first == sub.id; }))
        db.put<retry_row>(retry.first, std::nullopt);
    for (auto const& one : all)
        db.put<subscription_row>(one.first, std::nullopt);
    return static_cast<std::int64_t>(all.size());
}

inline std::int64_t seek(view& db, std::string const& name, std::string const& consumer, timestamp time) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) refuse("No such event queue: " + name);
    auto const* const sub = db.find<subscription_row>({queue->id, consumer});
    if (sub == nullptr || !sub->last_tick) refuse("Not subscriber to queue: " + name + "/" + consumer);
    auto const ticks = db.select<tick_row>([&](auto const& key, auto const&) { return key.first == queue->id; });
    std::optional<std::int64_t> target;
    for (auto const& [key, tick] : ticks) {
        if (tick.time <= time) target = key.second;
    }
    if (!target) {
        auto const& [key, oldest] = *ticks.begin();
        refuse("cannot seek in queue " + name + " to " + *text_of(time) + ": the oldest tick kept is " +
               std::to_string(key.second) + " of " + *text_of(oldest.time));
    }
    register_consumer(db, name, consumer, target);
    return *target;
}

/// What a consumer asks of its next batch.
struct batch_wish {
    std::optional<microseconds> min_lag{};
    std::optional<std::int64_t> min_count{};
    std::optional<microseconds> min_interval{};
};

/// The first of `later` ticks, or where a size is wanted the one that ends a batch of about that size.
inline std::optional<std::int64_t> choose_tick(committed_rows<tick_row> const& later, tick_row const& previous,
                                               batch_wish const& wish) {
    if (later.empty()) return std::nullopt;
    if (!wish.min_count && !wish.min_interval) return later.begin()->first.second;
    auto const far = [&](tick_row const& tick, std::int64_t events, int times) {
        return (wish.min_count && events >= *wish.min_count * times + (times - 1)) ||
               (wish.min_interval &&
                between(previous.time, tick.time) >= *wish.min_interval * times + microseconds{times - 1});
    };
    auto const& [newest, last] = *later.rbegin();
    if (far(last, last.shown_seq() - previous.shown_seq(), 2)) {
        for (auto const& [key, tick] : later) {
            if (far(tick, tick.event_seq - previous.shown_seq(), 1)) return key.second;
        }
        return std::nullopt;
    }
    return far(last, last.shown_seq() - previous.shown_seq(), 1) ? std::optional{newest.second} : std::nullopt;
}

struct opened_batch {
    std::optional<std::int64_t> id{}, tick{}, previous{};
    std::optional<tick_row> end{}, begin{};
};

inline opened_batch next_batch(view& db, cell const& name, cell const& consumer, batch_wish const& wish) {
    auto const* const queue = db.find<queue_row>(name.value_or(""));
    auto const* const found =
        queue == nullptr ? nullptr : db.find<subscription_row>({queue->id, consumer.value_or("")});
    if (found == nullptr) refuse("Not subscriber to queue: " + shown(name) + "/" + shown(consumer));
    auto const id = queue->id;
    auto sub = *found;
    if (db.find<pause_row>({id, *consumer}) != nullptr) return {};
    auto const* const previous = sub.last_tick ? db.find<tick_row>({id, *sub.last_tick}) : nullptr;
    if (previous == nullptr) {
        refuse("PgQ corruption: Consumer " + *consumer + " on queue " + *name + " does not see tick <NULL>");
    }
    auto const begin = *previous;
    if (sub.batch) return {sub.batch, sub.next_tick, sub.last_tick, *db.find<tick_row>({id, *sub.next_tick}), begin};

    auto const later = db.select<tick_row>(
        [&](auto const& key, auto const&) { return key.first == id && key.second > *sub.last_tick; });
    auto const tick = choose_tick(later, begin, wish);
    if (!tick) return {};
    auto const end = later.at({id, *tick});
    if (wish.min_lag && between(end.time, db.now()) < *wish.min_lag) return {};
    sub.batch = ++db.shared().last_batch;
    sub.next_tick = tick;
    sub.active = db.now();
    db.put<subscription_row>({id, *consumer}, sub);
    return {sub.batch, sub.next_tick, sub.last_tick, end, begin};
}

/// The subscription that has the batch open; nothing when none has.
inline std::optional<std::pair<subscription_row::key, subscription_row>> holder_of(view const& db, std::int64_t batch) {
    auto const found = db.select<subscription_row>([&](auto const&, auto const& sub) { return sub.batch == batch; });
    if (found.empty()) return std::nullopt;
    return *found.begin();
}

inline bool finish_batch(view& db, std::int64_t batch) {
    auto const holder = holder_of(db, batch);
    if (!holder) return false;
    auto const& [key, sub] = *holder;
    db.put<subscription_row>(key, subscription_row{.id = sub.id, .last_tick = sub.next_tick, .active = db.now()});
    return true;
}

/// Committed between the two snapshots, for everybody or for the subscription; by id.
inline std::vector<event_row> events_between(view& db, std::int64_t queue, std::int64_t owner, std::uint64_t after,
                                             std::uint64_t until) {
    std::vector<event_row> events;
    for (auto const& ev : db.shared().events[queue]) {
        if (ev.commit > after && ev.commit <= until && (!ev.owner || *ev.owner == owner)) events.push_back(ev);
    }
    std::stable_sort(events.begin(), events.end(), [](auto const& a, auto const& b) { return a.id < b.id; });
    return events;
}

inline std::vector<event_row> batch_events(view& db, std::int64_t batch) {
    auto const holder = holder_of(db, batch);
    if (!holder || !holder->second.last_tick || !holder->second.next_tick) refuse("batch not found");
    auto const& [key, sub] = *holder;
    auto const begin = db.find<tick_row>({key.first, *sub.last_tick})->seen;
    return events_between(db, key.first, sub.id, begin, db.find<tick_row>({key.first, *sub.next_tick})->seen);
}

/// Hands events back, each after its time. How many were not aside already.
inline std::int64_t event_retry(view& db, std::int64_t batch,
                                std::vector<std::pair<std::int64_t, timestamp>> const& all) {
    auto const holder = holder_of(db, batch);
    if (!holder) refuse("event not found");
    auto const events = batch_events(db, batch);
    auto const queues =
        db.select<queue_row>([&](auto const&, auto const& queue) { return queue.id == holder->first.first; });
    auto const owner = holder->second.id;
    std::int64_t added = 0;
    for (auto const& [id, after] : all) {
        auto const at = std::lower_bound(events.begin(), events.end(), id,
                                         [](auto const& ev, std::int64_t wanted) { return ev.id < wanted; });
        if (at == events.end() || at->id != id) refuse("event not found");
        if (db.find<retry_row>({owner, id}) != nullptr) continue;
        retry_row aside{.after = after, .queue = queues.begin()->first, .event = *at};
        aside.event.owner = owner;
        ++aside.event.retry;
        db.put<retry_row>({owner, id}, std::move(aside));
        ++added;
    }
    return added;
}

/// At most ten at a time, as the server does.
inline std::int64_t maint_retry_events(view& db) {
    auto const due = db.select<retry_row>([&](auto const&, auto const& one) { return one.after <= db.now(); });
    std::vector<std::pair<retry_row::key, retry_row>> oldest{due.begin(), due.end()};
    std::stable_sort(oldest.begin(), oldest.end(),
                     [](auto const& a, auto const& b) { return a.second.after < b.second.after; });
    oldest.resize(std::min<std::size_t>(oldest.size(), 10));
    for (auto& [key, one] : oldest) {
        insert_event(db, one.queue, std::move(one.event));
        db.put<retry_row>(key, std::nullopt);
    }
    return static_cast<std::int64_t>(oldest.size());
}

}  // namespace pgq::testing::detail
