/// The server's functions for cooperating consumers, on the tables in memory.
#pragma once

#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::testing::detail::coop {

/// The member's subscription; null where `member` is none of the consumer's.
inline subscription_row const* find_member(view const& db, std::int64_t queue, std::string const& consumer,
                                           std::string const& member) {
    auto const* const main = db.find<subscription_row>({queue, consumer});
    auto const* const found = db.find<subscription_row>({queue, consumer + "." + member});
    return main != nullptr && found != nullptr && found->id == main->id ? found : nullptr;
}

inline bool register_member(view& db, std::string const& name, std::string const& consumer, std::string const& member) {
    register_consumer(db, name, consumer, std::nullopt);
    auto const queue = db.find<queue_row>(name)->id;
    if (db.find<subscription_row>({queue, consumer + "." + member}) != nullptr) return false;
    auto const id = db.find<subscription_row>({queue, consumer})->id;
    db.put<subscription_row>({queue, consumer + "." + member}, subscription_row{.id = id, .active = db.now()});
    return true;
}

inline bool unregister_member(view& db, std::string const& name, std::string const& consumer, std::string const& member,
                              bool drop_batch) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) return false;
    auto const* const found = find_member(db, queue->id, consumer, member);
    if (found == nullptr) return false;
    if (found->batch && !drop_batch) refuse("subconsumer has active batch");
    db.put<subscription_row>({queue->id, consumer + "." + member}, std::nullopt);
    return true;
}

/// Gives the batch of a member that was silent for too long to `heir`, under a new id.
inline std::optional<std::int64_t> take_over(view& db, subscription_row::key const& main,
                                             subscription_row::key const& heir, microseconds silence) {
    auto const id = db.find<subscription_row>(main)->id;
    auto const silent = db.select<subscription_row>([&](auto const& key, auto const& sub) {
        return key.first == main.first && sub.id == id && key != main && key != heir &&
               !db.locked<subscription_row>(key) && between(sub.active, db.now()) > silence;
    });
    auto dead = silent.end();
    for (auto at = silent.begin(); at != silent.end(); ++at) {
        auto const later = [](auto const& sub) { return sub.last_tick.value_or(INT64_MAX); };
        if (dead == silent.end() || later(at->second) < later(dead->second)) dead = at;
    }
    if (dead == silent.end()) return std::nullopt;
    auto batch = dead->second;
    db.put<subscription_row>(dead->first, std::nullopt);
    if (!batch.batch) return std::nullopt;
    auto const fresh = ++db.shared().last_batch;
    db.put<takeover_row>(*batch.batch, takeover_row{heir.second, fresh});
    batch.batch = fresh;
    batch.active = db.now();
    db.put<subscription_row>(heir, batch);
    return fresh;
}

inline std::optional<std::int64_t> next_batch(view& db, std::string const& name, std::string const& consumer,
                                              std::string const& member, std::optional<microseconds> silence) {
    auto const* queue = db.find<queue_row>(name);
    if (queue == nullptr || find_member(db, queue->id, consumer, member) == nullptr) {
        register_member(db, name, consumer, member);
        queue = db.find<queue_row>(name);
    }
    subscription_row::key const main{queue->id, consumer}, own{queue->id, consumer + "." + member};
    if (db.find<subscription_row>(main)->next_tick) refuse("main consumer has batch open?");
    auto const* const found = find_member(db, queue->id, consumer, member);
    if (found == nullptr) refuse("subconsumer not found");
    auto sub = *found;
    auto const stay_alive = [&] {
        sub.active = db.now();
        db.put<subscription_row>(own, sub);
    };
    if (sub.batch) {
        stay_alive();
        return sub.batch;
    }
    if (silence) {
        if (auto const batch = take_over(db, main, own, *silence)) return batch;
    }
    auto const batch = detail::next_batch(db, name, consumer, {});
    if (!batch.id) {
        stay_alive();
        return std::nullopt;
    }
    auto const id = sub.id;
    db.put<subscription_row>(main, subscription_row{.id = id, .last_tick = batch.tick, .active = db.now()});
    db.put<subscription_row>(own, subscription_row{id, batch.previous, batch.tick, batch.id, db.now()});
    return batch.id;
}

/// The member that has the batch; nothing when none has. An error when another has taken it over.
inline std::optional<std::pair<subscription_row::key, subscription_row>> held(view& db, std::string_view caller,
                                                                              std::int64_t batch) {
    if (auto holder = holder_of(db, batch)) {
        auto const members = db.select<subscription_row>([&](auto const& key, auto const& sub) {
            return sub.id == holder->second.id && holder->first.second.starts_with(key.second + ".");
        });
        if (!members.empty()) return holder;
    }
    if (auto const* const heir = db.find<takeover_row>(batch)) {
        refuse(std::string{caller} + ": batch " + std::to_string(batch) + " was taken over by " + heir->heir +
                   " as batch " + std::to_string(heir->batch),
               "55000");
    }
    return std::nullopt;
}

inline bool finish_batch(view& db, std::int64_t batch) {
    auto const holder = held(db, "coop_finish_batch", batch);
    if (!holder) return false;
    db.put<subscription_row>(holder->first, subscription_row{.id = holder->second.id, .active = db.now()});
    return true;
}

inline bool heartbeat(view& db, std::int64_t batch) {
    auto holder = held(db, "coop_heartbeat", batch);
    if (!holder) return false;
    holder->second.active = db.now();
    db.put<subscription_row>(holder->first, holder->second);
    return true;
}

}  // namespace pgq::testing::detail::coop
