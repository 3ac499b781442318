/// The ticker's calls: classic passes, ticks on demand, and the cheap looks that tell when one is due.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgq::sql {

/// One pass over all queues by their own settings. Returns how many were ticked.
/// @throws sql_error  when one queue fails; with pgq 3.5 no queue is ticked then
std::int64_t tick_all(transport auto& db) {
    return value_of<std::optional<std::int64_t>>(query(db, "select pgq.ticker()"), 0, 0).value_or(0);
}

/// One queue by its own settings. The new tick's id, or nothing when none was due.
std::optional<std::int64_t> tick_queue(transport auto& db, std::string_view queue) {
    return value_of<std::optional<std::int64_t>>(query(db, "select pgq.ticker($1::text)", queue), 0, 0);
}

/// Moves some hundred delayed events that are due into their queues. Returns how many.
std::int64_t move_delayed_events(transport auto& db) {
    return value_of<std::int64_t>(query(db, "select pgq.maint_delayed_events()::bigint"), 0, 0);
}

/// A queue with committed events that its newest tick did not cover.
struct pending_queue {
    std::string name;
    bool ticked = false;  ///< false: no consumer has come as far as that tick, so another would be of no use
};

/// Ticks those of `queues` (an array literal) that have such events, without regard to their lag and count settings.
/// Does not wait for the disk: pgq.next_batch does, before it gives anybody the tick.
std::vector<pending_queue> tick_pending(transport auto& db, std::string const& queues) {
    auto const rows = query(db,
                            "select name, ticked from (select set_config('synchronous_commit', 'off', true)) no_wait, "
                            "pgq.tick_pending($1::text[])",
                            queues);
    std::vector<pending_queue> pending;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        pending.push_back({value_of<std::string>(rows, row, 0), value_of<bool>(rows, row, 1)});
    }
    return pending;
}

/// A queue that this database's ticker looks after.
struct ticked_queue {
    std::string name;
    std::uint32_t sequence = 0;   ///< OID of its event sequence
    std::int64_t last_value = 0;  ///< of that sequence; 0 before its first use
};

/// Queues that are neither paused nor ticked from outside, by name.
std::vector<ticked_queue> ticked_queues(transport auto& db) {
    auto const rows =
        query(db, "select queue_name, oid::bigint, coalesce(pg_sequence_last_value(oid), 0) "
                  "from (select queue_name, queue_event_seq::regclass::oid as oid from pgq.queue "
                  "where not queue_external_ticker and not queue_ticker_paused) queues order by queue_name");
    std::vector<ticked_queue> queues;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        queues.push_back({value_of<std::string>(rows, row, 0),
                          static_cast<std::uint32_t>(value_of<std::int64_t>(rows, row, 1)),
                          value_of<std::int64_t>(rows, row, 2)});
    }
    return queues;
}

/// An event sequence that has moved, by its place in the list that was asked about.
struct moved_sequence {
    std::size_t place = 0;
    std::int64_t last_value = 0;
};

/// Event sequences and where they stood, as array literals of the same length.
struct known_sequences {
    std::string ids = "{}";
    std::string values = "{}";
};

/// How far the server has come.
struct progress {
    std::string position;     ///< end of the write-ahead log: while it stays, nobody inserts or commits anything
    std::int64_t oldest = 0;  ///< all transactions below this are over
    std::optional<std::int64_t> fence;  ///< no transaction that has begun to write until now has an id above this
    std::vector<moved_sequence> moved;  ///< of those that were asked about
};

}  // namespace pgq::sql

namespace pgq::detail {

// What stands elsewhere than it stood, as `place value place value`.
inline constexpr std::string_view moved_query =
    "(select string_agg((place - 1)::text || ' ' || pg_sequence_last_value(id), ' ') "
    "from unnest($1::oid[], $2::bigint[]) with ordinality as known(id, value, place) "
    "where coalesce(pg_sequence_last_value(id), 0) <> value)";

inline std::vector<sql::moved_sequence> parse_moved(std::optional<std::string_view> text) {
    std::vector<sql::moved_sequence> moved;
    auto const take = [&] {
        auto const end = text->find(' ');
        auto const value = codec<std::int64_t>::parse(text->substr(0, end));
        text->remove_prefix(end == text->npos ? text->size() : end + 1);
        return value;
    };
    while (text && !text->empty()) {
        auto const place = static_cast<std::size_t>(take());
        moved.push_back({place, take()});
    }
    return moved;
}

}  // namespace pgq::detail

namespace pgq::sql {

/// Where the log has moved from `position`, also tells which of `known` have. The fence costs a transaction id, so it
/// is there on request only. (The upper end of a snapshot would not do: what runs may lie above it.)
/// @throws sql_error  XX000 or 42P01 when a sequence was dropped
progress look(transport auto& db, bool fence, std::string const& position, known_sequences const& known) {
    static std::string const text =
        "select pg_current_wal_insert_lsn(), txid_snapshot_xmin(txid_current_snapshot()), "
        "case when $3 then txid_current() end, case when pg_current_wal_insert_lsn()::text <> $4 then " +
        std::string{detail::moved_query} + " end";
    auto const rows = query(db, text, known.ids, known.values, fence, position);
    return {value_of<std::string>(rows, 0, 0), value_of<std::int64_t>(rows, 0, 1),
            value_of<std::optional<std::int64_t>>(rows, 0, 2), detail::parse_moved(rows.at(0, 3))};
}

/// The second half of look() alone. @throws sql_error  XX000 or 42P01 when a sequence was dropped
std::vector<moved_sequence> moved_sequences(transport auto& db, known_sequences const& known) {
    static std::string const text = "select " + std::string{detail::moved_query};
    return detail::parse_moved(query(db, text, known.ids, known.values).at(0, 0));
}

/// Session-wide lock by which one process of many is the one that works. True when it is ours now; it goes with the
/// session. `key` names the work.
bool try_lead(transport auto& db, std::int64_t key) {
    return value_of<bool>(query(db, "select pg_try_advisory_lock($1)", key), 0, 0);
}

/// Gives the lock of try_lead() back before the session ends.
void resign(transport auto& db, std::int64_t key) {
    query(db, "select pg_advisory_unlock($1)", key);
}

}  // namespace pgq::sql
