/// Inserts that are more than inserts: delayed, once per key, with the queue's lag beside the id. Needs the extension
/// of this project; pgq 3.5 has no such functions.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/timestamp.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {

/// When a delayed event may come: so long from now, or at a point in time; both by the server's clock.
class deliver_after {
public:
    template <class Rep, class Period>
    explicit deliver_after(std::chrono::duration<Rep, Period> delay)
        : delay_{std::chrono::ceil<std::chrono::microseconds>(delay)} {}
    template <class Duration>
    explicit deliver_after(std::chrono::sys_time<Duration> time)
        : time_{to_timestamp(std::chrono::ceil<std::chrono::microseconds>(time))} {}
    explicit deliver_after(timestamp time) : time_{time} {}

    /// How long from now, as the server reads intervals; nothing when a point in time was given.
    [[nodiscard]] std::optional<std::string> delay() const {
        if (time_) return std::nullopt;
        return std::to_string(delay_.count()) + " microseconds";
    }
    /// The point in time; nothing when a delay was given.
    [[nodiscard]] std::optional<timestamp> time() const { return time_; }

private:
    std::chrono::microseconds delay_{};
    std::optional<timestamp> time_{};
};

/// The number under which an event waits for its time. Not the id that it gets in the queue.
enum class delayed_id : std::int64_t {};
constexpr std::int64_t number(delayed_id id) {
    return static_cast<std::int64_t>(id);
}

/// What became of an event that goes in once.
struct inserted_once {
    std::int64_t id = 0;  ///< of the event with that key
    bool fresh = false;   ///< it is this one; false: one was there before, and this one was not stored
};

/// How far a queue's slowest consumer is behind.
struct queue_lag {
    std::uint64_t events = 0;           ///< not finished by it, at most: gaps of the sequence count
    std::chrono::milliseconds time{0};  ///< since when its oldest batch can be had; 0 while it has seen every tick
};

}  // namespace pgq

namespace pgq::sql {

/// Stores an event that comes into the queue not before `when`. Returns the number under which it waits.
/// @throws sql_error  as insert_event()
delayed_id insert_event_after(transport auto& db, std::string_view queue, deliver_after const& when,
                              new_event const& event) {
    auto const rows = query(db,
                            "select pgq.insert_event_after($1, coalesce($2::timestamptz, clock_timestamp() + "
                            "$3::interval), $4, $5, $6, $7, $8, $9)",
                            queue, when.time(), when.delay(), event.type, event.data, event.extra[0], event.extra[1],
                            event.extra[2], event.extra[3]);
    return delayed_id{value_of<std::int64_t>(rows, 0, 0)};
}

/// False when it does not wait any more.
bool cancel_delayed_event(transport auto& db, std::string_view queue, delayed_id id) {
    return value_of<int>(query(db, "select pgq.cancel_delayed_event($1, $2)", queue, id), 0, 0) == 1;
}

/// Stores an event unless one with `key` went into the queue within its window. Waits for another's open transaction.
/// @throws sql_error  as insert_event(); 22023 for a key or window that cannot be, 40001 for a snapshot that is too old
inserted_once insert_event_once(transport auto& db, std::string_view queue, std::string_view key,
                                std::chrono::milliseconds window, new_event const& event) {
    auto const rows = query(db,
                            "select ev_id, inserted from pgq.insert_event_once($1, $2, $3::interval, $4, $5, $6, $7, "
                            "$8, $9)",
                            queue, key, std::to_string(window.count()) + " milliseconds", event.type, event.data,
                            event.extra[0], event.extra[1], event.extra[2], event.extra[3]);
    return {value_of<std::int64_t>(rows, 0, 0), value_of<bool>(rows, 0, 1)};
}

/// The lag in columns `first` and the one after it, as get_queue_lag() and insert_event_with_lag() ask for it.
queue_lag lag_in(row_set auto const& rows, std::size_t first) {
    auto const events = value_of<std::int64_t>(rows, 0, first);
    return {static_cast<std::uint64_t>(events < 0 ? 0 : events),
            std::chrono::milliseconds{value_of<std::int64_t>(rows, 0, first + 1)}};
}

/// How far the slowest consumer is behind. @throws sql_error  P0001 for an unknown queue
queue_lag get_queue_lag(transport auto& db, std::string_view queue) {
    return lag_in(
        query(db, "select events, (extract(epoch from lag) * 1000)::bigint from pgq.get_queue_lag($1)", queue), 0);
}

/// An event's id, and the lag of its queue before it.
struct inserted_with_lag {
    std::int64_t id = 0;
    queue_lag lag{};
};

/// Stores one event; the lag is looked at in the same statement. @throws sql_error  as insert_event()
inserted_with_lag insert_event_with_lag(transport auto& db, std::string_view queue, new_event const& event) {
    auto const rows =
        query(db,
              "select pgq.insert_event($1, $2, $3, $4, $5, $6, $7), l.events, "
              "(extract(epoch from l.lag) * 1000)::bigint from pgq.get_queue_lag($1) l",
              queue, event.type, event.data, event.extra[0], event.extra[1], event.extra[2], event.extra[3]);
    return {value_of<std::int64_t>(rows, 0, 0), lag_in(rows, 1)};
}

}  // namespace pgq::sql
