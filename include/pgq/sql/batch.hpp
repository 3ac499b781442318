/// Batches as the server hands them out: asking for one, reading its events, finishing it.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/ids.hpp>
#include <pgq/sql/copied_event.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq {

/// A batch that was handed out: the events between two ticks.
struct batch_info {
    batch_id id{};
    tick_id tick{};           ///< the tick that ends it
    tick_id previous_tick{};  ///< the tick that it begins after
    std::optional<std::int64_t>
        events_at_most{};  ///< from sequences: a hint for progress displays, no proof of emptiness
    std::optional<std::chrono::milliseconds> age{};  ///< of the tick that ends it, when it was handed out
};

/// What a consumer asks of a batch beside being the next: each is a wish that the server weighs against the others.
struct batch_wishes {
    std::optional<std::chrono::milliseconds> min_lag{};       ///< events are at least this old
    std::optional<int> min_count{};                           ///< roughly so many events, or
    std::optional<std::chrono::milliseconds> min_interval{};  ///< roughly so much time in one batch
};

namespace detail {

inline std::optional<std::string> interval_text(std::optional<std::chrono::milliseconds> length) {
    if (!length) return std::nullopt;
    return std::to_string(length->count()) + " milliseconds";
}

inline std::optional<std::chrono::milliseconds> age_of(row_set auto const& rows, std::size_t column) {
    if (column >= rows.columns() || !rows.at(0, column)) return std::nullopt;
    return std::chrono::milliseconds{value_of<std::int64_t>(rows, 0, column)};
}

inline constexpr std::string_view event_columns =
    "ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4";

}  // namespace detail

namespace sql {

/// Opens the next batch, or gives the open one again; nothing when no tick has come since.
/// @throws sql_error  P0001 for an unknown queue or a consumer that is not registered there
std::optional<batch_info> next_batch(transport auto& db, std::string_view queue, std::string_view consumer,
                                     batch_wishes const& wishes = {}) {
    auto const rows = query(db,
                            "select batch_id, cur_tick_id, prev_tick_id, cur_tick_event_seq - prev_tick_event_seq, "
                            "(extract(epoch from clock_timestamp() - cur_tick_time) * 1000)::bigint "
                            "from pgq.next_batch_custom($1, $2, $3, $4, $5)",
                            queue, consumer, detail::interval_text(wishes.min_lag), wishes.min_count,
                            detail::interval_text(wishes.min_interval));
    if (rows.size() != 1) throw protocol_error{"pgq.next_batch_custom returned no row"};
    auto const id = value_of<std::optional<std::int64_t>>(rows, 0, 0);
    if (!id) return std::nullopt;
    return batch_info{batch_id{*id}, tick_id{value_of<std::int64_t>(rows, 0, 1)},
                      tick_id{value_of<std::int64_t>(rows, 0, 2)}, value_of<std::optional<std::int64_t>>(rows, 0, 3),
                      detail::age_of(rows, 4)};
}

/// False when the batch is not open, or not any more.
bool finish_batch(transport auto& db, batch_id batch) {
    return value_of<int>(query(db, "select pgq.finish_batch($1)", batch), 0, 0) == 1;
}

/// All events of a batch, in order, in binary form where the session can.
auto batch_events(transport auto& db, batch_id batch) {
    static std::string const text = "select " + std::string{detail::event_columns} + " from pgq.get_batch_events($1)";
    detail::bound<1> const values{batch};
    if constexpr (binary_transport<decltype(db)>) return db.execute(text, values.view(), result_format::binary);
    else return db.execute(text, values.view());
}

/// The same, but of a batch with more than `most` events just `most` + 1 of them, in no useful order.
auto batch_events_up_to(transport auto& db, batch_id batch, int most) {
    static std::string const text =
        "select " + std::string{detail::event_columns} + " from pgq.get_batch_events($1) limit $2";
    detail::bound<2> const values{batch, most + 1};
    if constexpr (binary_transport<decltype(db)>) return db.execute(text, values.view(), result_format::binary);
    else return db.execute(text, values.view());
}

/// All events of a batch, in no useful order, by COPY: `sink(row)` gets each as <pgq/sql/copied_event.hpp> reads it.
/// The cheapest way there is: the server neither sorts nor waits for us, and libpq makes no result of it. Two
/// statements.
void copy_batch_events(copy_source auto& db, batch_id batch, auto&& sink) {
    auto const rows = query(db, "select pgq.batch_event_sql($1)", batch);
    std::string_view text = rows.at(0, 0).value_or(std::string_view{});
    constexpr std::string_view ordering = " order by 1";
    if (text.ends_with(ordering)) text.remove_suffix(ordering.size());
    bool first = true;
    db.copy_out("copy (select " + std::string{detail::event_columns} + " from (" + std::string{text} +
                    ") events) to stdout (format binary)",
                [&](std::string_view piece) {
                    if (std::exchange(first, false)) piece.remove_prefix(detail::copy_header_size(piece));
                    constexpr std::string_view end{"\377\377", 2};
                    if (piece != end) sink(piece);
                });
}

/// The same as batch_events(), each row handed to `sink` as it arrives.
void stream_batch_events(streaming auto& db, batch_id batch, auto&& sink) {
    static std::string const text = "select " + std::string{detail::event_columns} + " from pgq.get_batch_events($1)";
    detail::bound<1> const values{batch};
    db.stream(text, values.view(), sink, result_format::binary);
}

/// Opens the cursor "pgq_batch" over a batch's events and returns the first `rows` of them. Lives until the transaction
/// ends or the cursor is closed.
auto open_batch_cursor(transport auto& db, batch_id batch, int rows) {
    static std::string const text =
        "select " + std::string{detail::event_columns} + " from pgq.get_batch_cursor($1, 'pgq_batch', $2)";
    detail::bound<2> const values{batch, rows};
    if constexpr (binary_transport<decltype(db)>) return db.execute(text, values.view(), result_format::binary);
    else return db.execute(text, values.view());
}

/// The next `rows` events of that cursor.
auto fetch_batch_cursor(transport auto& db, int rows) {
    std::string const text = "fetch " + std::to_string(rows) + " from pgq_batch";
    if constexpr (binary_transport<decltype(db)>) return db.execute(text, {}, result_format::binary);
    else return db.execute(text, {});
}

/// Closes the cursor of the batch, so that another can be declared in the same transaction.
void close_batch_cursor(transport auto& db) {
    query(db, "close pgq_batch");
}

}  // namespace sql
}  // namespace pgq
