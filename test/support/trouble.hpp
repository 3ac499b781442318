/// A consumer in trouble: its queue, a table for the effects of its handler, and sessions that are not as usual.
#pragma once

#include <pgq/codecs.hpp>
#include <pgq/policy/wait.hpp>

#include <support/queue.hpp>
#include <support/session.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

namespace support {

inline constexpr pgq::poll often{.interval = std::chrono::milliseconds{5}, .longest = std::chrono::milliseconds{20}};

inline pgq::libpq::connection session_with(std::string const& setup) {
    pgq::libpq::connection db{conninfo()};
    db.execute(setup);
    return db;
}

/// Opens sessions that begin with `setup`, and knows the process that serves the newest.
struct served_sessions {
    std::string setup;
    std::atomic<int>* pid;

    pgq::libpq::connection operator()() const {
        auto db = session_with(setup);
        *pid = pgq::value_of<int>(db.execute("select pg_backend_pid()"), 0, 0);
        return db;
    }
};

/// A queue, a table for effects beside it, and the number of the process that serves the consumer.
struct trouble {
    consumed_queue queue;
    table effects;
    std::atomic<int> pid = 0;

    explicit trouble(std::string const& name) : queue{name}, effects{queue.db, name + "_effects", "data text"} {}

    [[nodiscard]] std::string store() const { return "insert into " + queue.source.queue + "_effects values ($1)"; }
    served_sessions sessions(std::string setup) { return {std::move(setup), &pid}; }
    /// Each event's data and how many effects it had: `1:1 2:2`.
    std::string how_often() {
        return queue.value("select coalesce(string_agg(data || ':' || n, ' ' order by data), '') from (select data, "
                           "count(*) as n from " +
                           queue.source.queue + "_effects group by 1) one");
    }
    /// How many events had an effect.
    std::string handled() { return queue.value("select count(distinct data) from " + queue.source.queue + "_effects"); }
    /// True once the consumer has finished all that there is.
    bool finished() {
        return eventually([&] {
            return pgq::query(queue.db,
                              "select 1 from pgq.get_consumer_info($1) where pending_events = 0 and current_batch is "
                              "null and last_tick = (select last_tick_id from pgq.get_queue_info($1))",
                              queue.source.queue)
                       .size() == 1;
        });
    }
    /// Holds the subscription's row, so that whoever asks for a batch or finishes one must wait.
    void hold(pgq::libpq::connection& holder) {
        holder.begin();
        pgq::query(holder,
                   "select from pgq.subscription s join pgq.queue q on q.queue_id = s.sub_queue"
                   " where q.queue_name = $1 for update of s",
                   queue.source.queue);
    }
};

}  // namespace support
