/// Statements that are more, or less, than the call of one function: what the framework sends beside those.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/functions.hpp>
#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/detail/world.hpp>
#include <pgq/testing/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgq::testing::detail {

inline std::string text_of(std::span<parameter const> values, std::size_t at) {
    return at < values.size() ? value_of_parameter(values[at]).value_or("") : std::string{};
}

/// The statement of pgq::sql::event_retry() for one event.
inline rows retry_one(view& db, std::span<parameter const> values) {
    return rows{event_retry(db, arguments{row{text_of(values, 0), text_of(values, 1), text_of(values, 2)}}).data, 1};
}

inline rows event_table_of(view& db, std::string const& name) {
    auto const* const queue = db.find<queue_row>(name);
    if (queue == nullptr) return rows{{}, 3};
    return rows{{{"pgq.event_" + std::to_string(queue->id) + "_" + std::to_string(queue->table), text_of(db.now()),
                  std::nullopt}}};
}

/// The statement of pgq::sql::insert_event_for().
inline rows store_for_one(view& db, std::span<parameter const> values) {
    event_row ev{.id = number_of<std::int64_t>(text_of(values, 2), "bigint"),
                 .time = codec<timestamp>::parse(text_of(values, 3))};
    for (std::size_t i = 0; i < ev.text.size() && i + 4 < values.size(); ++i)
        ev.text[i] = value_of_parameter(values[i + 4]);
    auto const id = text_of(ev.id);
    if (!insert_event_for(db, text_of(values, 0), text_of(values, 1), std::move(ev))) return rows{{}, 1};
    return rows{{{id}}};
}

/// The statement of pgq::sql::insert_event_after(), whose time is a point or so long from now.
inline rows store_for_later(view& db, timestamp now, std::span<parameter const> values) {
    auto const point = values.size() > 1 ? value_of_parameter(values[1]) : std::nullopt;
    auto const when =
        point ? codec<timestamp>::parse(*point) : timestamp{now.microseconds + interval_of(text_of(values, 2)).count()};
    event_row ev;
    for (std::size_t i = 0; i < ev.text.size() && i + 3 < values.size(); ++i)
        ev.text[i] = value_of_parameter(values[i + 3]);
    return rows{{{text_of(insert_event_after(db, text_of(values, 0), when, std::move(ev)))}}};
}

/// The statement of pgq::sql::insert_event_with_lag().
inline rows store_with_lag(view& db, std::span<parameter const> values) {
    auto const name = text_of(values, 0);
    insertable_queue(db, name);
    auto const [events, lag] = queue_lag(db, name);
    event_row ev;
    for (std::size_t i = 0; i < ev.text.size() && i + 1 < values.size(); ++i)
        ev.text[i] = value_of_parameter(values[i + 1]);
    return rows{
        {{text_of(insert_event(db, name, std::move(ev))), text_of(events), std::to_string(lag.count() / 1'000)}}};
}

/// The oldest and the newest tick of a queue; two rows, or none.
inline rows kept_ticks(view& db, std::string const& name) {
    auto const* const queue = db.find<queue_row>(name);
    auto const ticks =
        db.select<tick_row>([&](auto const& key, auto const&) { return queue != nullptr && key.first == queue->id; });
    if (ticks.empty()) return rows{{}, 2};
    auto const line = [](auto const& tick) { return row{text_of(tick.first.second), text_of(tick.second.time)}; };
    return rows{{line(*ticks.begin()), line(*ticks.rbegin())}};
}

/// Since when a consumer is paused; one row, or none.
inline rows paused_since(view& db, std::string const& name, std::string const& consumer) {
    auto const* const queue = db.find<queue_row>(name);
    auto const* const paused = queue == nullptr ? nullptr : db.find<pause_row>({queue->id, consumer});
    return paused == nullptr ? rows{{}, 1} : rows{{{text_of(paused->since)}}};
}

inline rows lock(world& all, void const* session, std::string_view key, bool release) {
    auto const number = number_of<std::int64_t>(key, "bigint");
    auto const held = all.locks.find(number);
    if (release) {
        bool const ours = held != all.locks.end() && held->second == session;
        if (ours) all.locks.erase(held);
        return rows{{{text_of(ours)}}};
    }
    bool const free = held == all.locks.end() || held->second == session;
    if (free) all.locks[number] = session;
    return rows{{{text_of(free)}}};
}

/// Statements that name no single function. Nothing for one that is not known.
inline std::optional<rows> run_other(world& all, view& db, void const* session, std::string_view sql,
                                     std::span<parameter const> values) {
    if (mentions(sql, "pgq.event_retry($1, one.id, one.seconds)")) return retry_one(db, values);
    if (mentions(sql, "pgq.current_event_table(queue_name)")) return event_table_of(db, text_of(values, 0));
    if (mentions(sql, "pgq.insert_event_raw(q.queue_name, $3::bigint")) return store_for_one(db, values);
    if (mentions(sql, "pgq.insert_event_after($1, coalesce("))
        return store_for_later(db, all.tables.clock.now(), values);
    if (mentions(sql, "from pgq.get_queue_lag($1) l")) return store_with_lag(db, values);
    if (sql.starts_with("(select t.tick_id, t.tick_time from pgq.tick t join pgq.queue q")) {
        return kept_ticks(db, text_of(values, 0));
    }
    if (mentions(sql, "from pgq.get_paused_consumers($1) where consumer_name = $2")) {
        return paused_since(db, text_of(values, 0), text_of(values, 1));
    }
    if (sql == "select clock_timestamp()") return rows{{{text_of(all.tables.clock.now())}}};
    if (sql == "select current_setting('transaction_isolation'), txid_current()") {
        return rows{{{"read committed", text_of(db.txid())}}};
    }
    if (sql.starts_with("select to_regprocedure('pgq") && sql.ends_with("') is not null")) return rows{{{"t"}}};
    if (sql.starts_with("select pg_is_in_recovery(), to_regprocedure(")) return rows{{{"f", "t", "f", "memory"}}};
    if (sql == "select pg_try_advisory_lock($1)") return lock(all, session, text_of(values, 0), false);
    if (sql == "select pg_advisory_unlock($1)") return lock(all, session, text_of(values, 0), true);
    if (sql.starts_with("set ") || sql.starts_with("select set_config('synchronous_commit', 'on'")) return rows{};
    return std::nullopt;
}

/// Without what changes only how the statement is run.
inline std::string plain(std::string_view sql) {
    std::string text{sql};
    for (std::string_view const part : {"(select set_config('synchronous_commit', 'off', true)) no_wait, ",
                                        ", set_config('synchronous_commit', 'off', true)"}) {
        if (auto const at = text.find(part); at != text.npos) text.erase(at, part.size());
    }
    return text;
}

/// What a statement answers, but for those that change the session itself. Nothing for one that is not known.
inline std::optional<rows> run_statement(world& all, view& db, void const* session, std::string_view sql,
                                         std::span<parameter const> values) {
    for (auto const& [part, given] : all.answers) {
        if (!mentions(sql, part)) continue;
        foreign_statement record{std::string{sql}, {}};
        for (auto const& value : values)
            record.values.push_back(value_of_parameter(value));
        auto found = given(sql, values);
        db.txid();
        db.made().foreign.push_back(std::move(record));
        return found;
    }
    if (auto const found = read_call(plain(sql), values)) {
        if (auto made = invoke(db, found->function, found->arguments)) {
            made->now = all.tables.clock.now();
            if (!found->counted) return select(*found, *made);
            auto const elements =
                codec<std::vector<std::optional<std::string>>>::parse(made->data.at(0).at(0).value_or("{}"));
            return rows{{{std::to_string(elements.size())}}};
        }
    }
    return run_other(all, db, session, sql, values);
}

}  // namespace pgq::testing::detail
