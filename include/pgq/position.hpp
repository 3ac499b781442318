/// Where a consumer stands: moved back to read kept events again, or forward to pass over some; paused and resumed.
/// Seen by every process of the consumer. Needs the extension of this project.
///
/// A queue keeps its events until all consumers have finished them and its tables have rotated past them: with no slow
/// consumer, at least for one rotation period and at most for two. kept() tells.
#pragma once

#include <pgq/error.hpp>
#include <pgq/ids.hpp>
#include <pgq/sql/position.hpp>
#include <pgq/timestamp.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {

/// What has the names of a consumer: subscription, coop_subscription, consumer::source().
template <class S>
concept names_a_consumer = requires(S const& source) {
    { source.queue } -> std::convertible_to<std::string_view>;
    { source.consumer } -> std::convertible_to<std::string_view>;
};

/// The ends of what a queue keeps.
enum class seek_to : std::uint8_t {
    start,  ///< the oldest tick: everything that is kept comes (again)
    end     ///< the newest tick: only what came after it
};

namespace detail {

decltype(auto) explaining_position(auto const& call) {
    try {
        return call();
    } catch (sql_error const& refusal) {
        failure facts{.state = refusal.state(), .transaction_aborted = refusal.transaction_aborted()};
        if (refusal.state() == "P0001") throw usage_error{refusal.what(), facts};
        if (refusal.state() == "42883") {
            throw usage_error{"the PgQ of this database cannot do this; update it by: alter extension pgq update",
                              facts};
        }
        throw;
    }
}

}  // namespace detail

/// Moves the consumer to the last tick at or before `time`: its next batch begins with what came after that. Returns
/// the tick. A batch that is open is dropped: whoever works on it gets fenced_error. Events that wait to be retried
/// stay, so events may come twice. Events that come again have the ids that they had.
/// @throws usage_error  when nothing that old is kept, and for an unknown queue or consumer
tick_id seek(transport auto& db, names_a_consumer auto const& source, timestamp time) {
    return detail::explaining_position([&] { return sql::seek(db, source.queue, source.consumer, time); });
}
template <class Duration>
tick_id seek(transport auto& db, names_a_consumer auto const& source, std::chrono::sys_time<Duration> time) {
    return seek(db, source, to_timestamp(std::chrono::floor<std::chrono::microseconds>(time)));
}
/// The same, to a tick that is kept.
tick_id seek(transport auto& db, names_a_consumer auto const& source, tick_id tick) {
    return detail::explaining_position([&] { return sql::seek_tick(db, source.queue, source.consumer, tick); });
}
/// The same, to an end of what is kept.
tick_id seek(transport auto& db, names_a_consumer auto const& source, seek_to end) {
    return detail::explaining_position([&] {
        return end == seek_to::start ? sql::seek_start(db, source.queue, source.consumer)
                                     : sql::seek_end(db, source.queue, source.consumer);
    });
}

/// From where to where a queue can be read again. @throws usage_error  for an unknown queue, and one without ticks
kept_ticks kept(transport auto& db, std::string_view queue) {
    if (auto const ticks = sql::kept_ticks_of(db, queue)) return *ticks;
    throw usage_error{"there is no queue \"" + std::string{queue} + "\", or it has no tick yet"};
}

/// From now on the consumer gets no batch, in whatever process it runs, until it is resumed. A batch that is worked on
/// goes on and can be finished. Its events are kept, as for a slow consumer. False when it is paused already.
/// @throws usage_error  for an unknown queue or consumer
bool pause(transport auto& db, names_a_consumer auto const& source) {
    return detail::explaining_position([&] { return sql::pause_consumer(db, source.queue, source.consumer); });
}
/// Goes on where it was; processes that wait by notify hear of it at once. False when it is not paused.
bool resume(transport auto& db, names_a_consumer auto const& source) {
    return detail::explaining_position([&] { return sql::resume_consumer(db, source.queue, source.consumer); });
}
/// Since when the consumer is paused, if it is.
std::optional<timestamp> paused_since(transport auto& db, names_a_consumer auto const& source) {
    return detail::explaining_position([&] { return sql::paused_since(db, source.queue, source.consumer); });
}

}  // namespace pgq
