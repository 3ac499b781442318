/// The server's functions for events that wait for a consumer, on the tables in memory.
#pragma once

#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/queues.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>
#include <pgq/timestamp.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

/// The queue's id and the subscription, which must have a position.
inline std::pair<std::int64_t, subscription_row> subscription_of(view const& db, cell const& name,
                                                                 cell const& consumer) {
    auto const* const queue = db.find<queue_row>(name.value_or(""));
    auto const* const sub = queue == nullptr ? nullptr : db.find<subscription_row>({queue->id, consumer.value_or("")});
    if (sub == nullptr || !sub->last_tick) refuse("Not subscriber to queue: " + shown(name) + "/" + shown(consumer));
    return {queue->id, *sub};
}

/// Events behind the consumer's position, ticked or not, those of this transaction among them.
inline std::vector<event_row> not_finished(view& db, std::int64_t queue, subscription_row const& sub) {
    auto const position = db.find<tick_row>({queue, *sub.last_tick})->seen;
    auto events = events_between(db, queue, sub.id, position, db.shared().commits);
    for (auto const& [into, ev] : db.made().events) {
        if (into == queue && (!ev.owner || *ev.owner == sub.id)) events.push_back(ev);
    }
    return events;
}

inline std::vector<event_row> put_aside(view const& db, std::int64_t owner) {
    std::vector<event_row> events;
    for (auto const& [key, one] : db.select<retry_row>([&](auto const& k, auto const&) { return k.first == owner; }))
        events.push_back(one.event);
    return events;
}

inline void order(std::vector<event_row>& events) {
    std::stable_sort(events.begin(), events.end(), [](auto const& a, auto const& b) { return a.id < b.id; });
}

inline std::vector<event_row> waiting_events(view& db, cell const& name, cell const& consumer,
                                             std::optional<std::int64_t> after, std::optional<std::int64_t> limit) {
    auto const [queue, sub] = subscription_of(db, name, consumer);
    auto events = not_finished(db, queue, sub);
    auto const aside = put_aside(db, sub.id);
    events.insert(events.end(), aside.begin(), aside.end());
    std::erase_if(events, [&](auto const& ev) { return after && ev.id <= *after; });
    order(events);
    if (limit && static_cast<std::int64_t>(events.size()) > *limit) {
        events.erase(events.begin() + static_cast<std::ptrdiff_t>(*limit), events.end());
    }
    return events;
}

/// Nothing for `ids` stands for all.
inline std::vector<event_row> take_waiting_events(view& db, cell const& name, cell const& consumer,
                                                  std::optional<std::vector<std::int64_t>> const& ids) {
    auto const [queue, sub] = subscription_of(db, name, consumer);
    auto const owner = sub.id;
    auto const members = db.select<subscription_row>([&](auto const&, auto const& one) { return one.id == owner; });
    if (members.size() > 1)
        refuse("cannot take events from " + *consumer + " on queue " + *name + ": it is cooperative");
    auto const wanted = [&](std::int64_t id) { return !ids || std::find(ids->begin(), ids->end(), id) != ids->end(); };
    auto const behind = not_finished(db, queue, sub);
    if (std::any_of(behind.begin(), behind.end(), [&](auto const& ev) { return wanted(ev.id); })) {
        if (db.find<queue_row>(*name)->external_ticker) {
            refuse("cannot take events from queue " + *name + ": it has an external tick source");
        }
        auto const tick = insert_tick(db, *name, queue, false);
        for (auto const& ev :
             events_between(db, queue, owner, db.find<tick_row>({queue, *sub.last_tick})->seen, db.shared().commits)) {
            if (db.find<retry_row>({owner, ev.id}) != nullptr) continue;
            retry_row aside{.after = timestamp::infinity(), .queue = *name, .event = ev};
            aside.event.owner = owner;
            db.put<retry_row>({owner, ev.id}, std::move(aside));
        }
        db.put<subscription_row>({queue, *consumer},
                                 subscription_row{.id = owner, .last_tick = tick, .active = db.now()});
    }
    std::vector<event_row> taken;
    for (auto const& [key, one] : db.select<retry_row>([&](auto const& k, auto const&) { return k.first == owner; })) {
        if (!wanted(key.second)) continue;
        taken.push_back(one.event);
        db.put<retry_row>(key, std::nullopt);
    }
    order(taken);
    return taken;
}

/// Stores an event for one consumer only. False when there is no such subscription.
inline bool insert_event_for(view& db, std::string const& name, std::string const& consumer, event_row ev) {
    auto const* const queue = db.find<queue_row>(name);
    auto const* const sub = queue == nullptr ? nullptr : db.find<subscription_row>({queue->id, consumer});
    if (sub == nullptr) return false;
    ev.owner = sub->id;
    insert_event(db, name, std::move(ev));
    return true;
}

}  // namespace pgq::testing::detail
