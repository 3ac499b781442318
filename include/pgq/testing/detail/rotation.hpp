/// The server's functions for maintenance, on the tables in memory.
#pragma once

#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace pgq::testing::detail {

inline bool rotation_is_due(queue_row const& queue, timestamp now) {
    return queue.rotated_before && between(queue.switched, now) > queue.rotation_period;
}

/// True when another open transaction has events in the table.
inline bool is_written(view const& db, tables const& all, std::int64_t queue, std::int32_t table) {
    return std::any_of(all.open.begin(), all.open.end(), [&](transaction const* other) {
        auto const& made = other->made.events;
        return !db.is(*other) && std::any_of(made.begin(), made.end(), [&](auto const& one) {
            return one.queue == queue && one.event.table == table;
        });
    });
}

/// Empties the table that was current the longest time ago, and makes it the current one. False when it is not due,
/// unless forced, or must not be. Afterwards end_rotations() is needed, in a later transaction.
inline bool rotate(view& db, std::string const& name, bool forced) {
    auto const* const found = db.find<queue_row>(name);
    if (found == nullptr || db.locked<queue_row>(name) || !found->rotated_before) return false;
    if (!forced && !rotation_is_due(*found, db.now())) return false;
    auto queue = *found;
    auto const before = *queue.rotated_before;
    std::optional<std::int64_t> slowest;
    for (auto const& [key, sub] :
         db.select<subscription_row>([&](auto const& one, auto const&) { return one.first == queue.id; })) {
        if (sub.last_tick && (!slowest || *sub.last_tick < *slowest)) slowest = sub.last_tick;
    }
    if (slowest && db.find<tick_row>({queue.id, *slowest})->oldest <= before) return false;
    constexpr std::int32_t tables = 3;
    auto const spare = (queue.table + 1) % tables;
    if (is_written(db, db.shared(), queue.id, spare)) return false;
    db.made().emptied.emplace_back(queue.id, spare);
    queue.table = spare;
    queue.switched = db.now();
    queue.rotated_by = db.txid();
    queue.rotated_before = std::nullopt;
    auto const newest = db.newest_tick(queue.id);
    for (auto const& [key, tick] : db.select<tick_row>([&](auto const& one, tick_row const& row) {
             return one.first == queue.id && row.oldest < before && one.second < newest->first;
         })) {
        db.put<tick_row>(key, std::nullopt);
    }
    db.put<queue_row>(name, queue);
    return true;
}

/// From here on every transaction sees which table is the current one. How many queues that was news of.
inline std::int64_t end_rotations(view& db) {
    auto const open = db.select<queue_row>([](auto const&, auto const& queue) { return !queue.rotated_before; });
    for (auto const& [name, queue] : open) {
        auto known = queue;
        known.rotated_before = db.txid();
        db.put<queue_row>(name, known);
    }
    return static_cast<std::int64_t>(open.size());
}

/// Forgets keys whose window is over.
inline std::int64_t maint_event_keys(view& db) {
    auto const old = db.select<once_row>(
        [&](auto const& key, auto const& one) { return one.expires < db.now() && !db.locked<once_row>(key); });
    for (auto const& one : old)
        db.put<once_row>(one.first, std::nullopt);
    return static_cast<std::int64_t>(old.size());
}

/// Functions to call, with the argument where there is one.
inline relation maint_operations(view& db) {
    relation found{{"func_name", "func_arg"}};
    auto const queues = db.select<queue_row>([](auto const&, auto const&) { return true; });
    bool rotating = false;
    for (auto const& [name, queue] : queues) {
        rotating |= !queue.rotated_before;
        if (!rotation_is_due(queue, db.now())) continue;
        rotating = true;
        found.data.push_back({"pgq.maint_rotate_tables_step1", name});
    }
    if (rotating) found.data.push_back({"pgq.maint_rotate_tables_step2", std::nullopt});
    if (!db.select<once_row>([&](auto const&, auto const& one) { return one.expires < db.now(); }).empty()) {
        found.data.push_back({"pgq.maint_event_keys", std::nullopt});
    }
    return found;
}

}  // namespace pgq::testing::detail
