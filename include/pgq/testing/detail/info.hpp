/// What the server's functions tell of queues, subscriptions, batches and events, as rows with the names of its
/// columns.
#pragma once

#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

inline relation queue_info(view& db, cell const& name) {
    relation found{{"queue_name", "queue_ntables", "queue_cur_table", "queue_rotation_period", "queue_switch_time",
                    "queue_external_ticker", "queue_ticker_paused", "queue_ticker_max_count", "queue_ticker_max_lag",
                    "queue_ticker_idle_period", "ticker_lag", "ev_per_sec", "ev_new", "last_tick_id"}};
    for (auto const& [queue_name, queue] :
         db.select<queue_row>([&](auto const& key, auto const&) { return !name || key == *name; })) {
        auto const last = db.newest_tick(queue.id);
        auto const inserted = db.sequences(queue.id).event;
        found.data.push_back({queue_name, "3", text_of(std::int64_t{queue.table}), text_of(queue.rotation_period),
                              text_of(queue.switched), text_of(queue.external_ticker), text_of(queue.ticker_paused),
                              text_of(std::int64_t{queue.ticker_max_count}), text_of(queue.ticker_max_lag),
                              text_of(queue.ticker_idle_period),
                              last ? text_of(between(last->second.time, db.now())) : std::nullopt, std::nullopt,
                              last ? text_of((inserted == 0 ? 1 : inserted) - last->second.shown_seq()) : std::nullopt,
                              last ? text_of(last->first) : std::nullopt});
    }
    return found;
}

inline relation consumer_info(view& db, cell const& queue, cell const& consumer) {
    relation found{{"queue_name", "consumer_name", "lag", "last_seen", "last_tick", "current_batch", "next_tick",
                    "pending_events"}};
    for (auto const& [name, row] :
         db.select<queue_row>([&](auto const& key, auto const&) { return !queue || key == *queue; })) {
        auto const id = row.id;
        for (auto const& [key, sub] : db.select<subscription_row>([&](auto const& one, auto const&) {
                 return one.first == id && (!consumer || one.second == *consumer);
             })) {
            auto const* const tick = sub.last_tick ? db.find<tick_row>({id, *sub.last_tick}) : nullptr;
            auto const newest = db.newest_tick(id);
            found.data.push_back(
                {name, key.second, tick != nullptr ? text_of(between(tick->time, db.now())) : std::nullopt,
                 text_of(between(sub.active, db.now())), text_of(sub.last_tick), text_of(sub.batch),
                 text_of(sub.next_tick),
                 tick != nullptr ? text_of(newest->second.shown_seq() - tick->shown_seq()) : std::nullopt});
        }
    }
    return found;
}

inline relation batch_columns(opened_batch const& batch) {
    auto const time = [](auto const& tick) { return tick ? text_of(tick->time) : std::nullopt; };
    auto const seq = [](auto const& tick) { return tick ? text_of(tick->shown_seq()) : std::nullopt; };
    return {{"batch_id", "cur_tick_id", "prev_tick_id", "cur_tick_time", "prev_tick_time", "cur_tick_event_seq",
             "prev_tick_event_seq"},
            {{text_of(batch.id), text_of(batch.tick), text_of(batch.previous), time(batch.end), time(batch.begin),
              seq(batch.end), seq(batch.begin)}}};
}

inline relation batch_info_columns(view& db, std::int64_t batch) {
    relation found{{"queue_name", "consumer_name", "batch_start", "batch_end", "prev_tick_id", "tick_id", "lag",
                    "seq_start", "seq_end"}};
    auto const holder = holder_of(db, batch);
    if (!holder) {
        found.data.emplace_back(found.columns.size());
        return found;
    }
    auto const& [key, sub] = *holder;
    auto const id = key.first;
    auto const queues = db.select<queue_row>([&](auto const&, auto const& queue) { return queue.id == id; });
    auto const& begin = *db.find<tick_row>({id, *sub.last_tick});
    auto const& end = *db.find<tick_row>({id, *sub.next_tick});
    found.data.push_back({queues.begin()->first, key.second, text_of(begin.time), text_of(end.time),
                          text_of(sub.last_tick), text_of(sub.next_tick), text_of(between(end.time, db.now())),
                          text_of(begin.shown_seq()), text_of(end.shown_seq())});
    return found;
}

inline relation event_columns(std::vector<event_row> const& events) {
    relation found{{"ev_id", "ev_time", "ev_txid", "ev_retry", "ev_type", "ev_data", "ev_extra1", "ev_extra2",
                    "ev_extra3", "ev_extra4"}};
    for (auto const& ev : events) {
        auto& made = found.data.emplace_back(row{text_of(ev.id), text_of(ev.time), text_of(ev.txid),
                                                 ev.retry == 0 ? std::nullopt : text_of(std::int64_t{ev.retry})});
        made.insert(made.end(), ev.text.begin(), ev.text.end());
    }
    return found;
}

}  // namespace pgq::testing::detail
