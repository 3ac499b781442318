/// A real server as the world of random stories, which are told one after the other with the same sessions and queue.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/sql/consumer.hpp>
#include <pgq/sql/queue.hpp>

#include <support/session.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace support {

class on_server {
public:
    pgq::libpq::connection& session(std::size_t n) {
        while (sessions_.size() <= n)
            sessions_.push_back(connect({.prepare_statements = true}));
        return sessions_[n];
    }

    pgq::libpq::connection& target() { return session(last); }

    /// The queue and its letters as they were made, which takes a tenth of the time of dropping and making them.
    void prepare(std::string const& queue) {
        for (auto& session : sessions_)
            session.rollback();
        for (std::string const table : {"completed_tick", "kept_verdict"})
            pgq::query(session(0), "delete from pgq_ext." + table + " where consumer_id like $1 || '/%'", queue);
        if (pgq::sql::create_queue(session(0), queue)) return;
        for (auto const& name : {queue, queue + ".dead"}) {
            if (pgq::sql::queue_exists(session(0), name)) make_new(name);
        }
        pgq::sql::register_consumer(session(0), queue + ".dead", "keeper");
    }
    void drop(std::string const& queue) {
        for (auto& session : sessions_)
            session.rollback();
        for (auto const& name : {queue, queue + ".dead"}) {
            if (pgq::sql::queue_exists(session(0), name)) pgq::sql::drop_queue(session(0), name, true);
        }
    }

    /// Time goes by when all that is remembered of a queue and of its letters lies further back.
    void pass(std::string const& queue, std::chrono::seconds time) {
        pgq::query(session(0),
                   "with q as (select queue_id as id from pgq.queue where queue_name in ($1, $1 || '.dead')),"
                   " step as (select $2::int * interval '1 second' as length),"
                   " a as (update pgq.retry_queue set ev_retry_after = ev_retry_after - length"
                   "  from q, step where ev_queue = id),"
                   " b as (update pgq.tick set tick_time = tick_time - length from q, step where tick_queue = id),"
                   " c as (update pgq.subscription set sub_active = sub_active - length,"
                   "  sub_paused = sub_paused - length from q, step where sub_queue = id),"
                   " d as (update pgq.delayed_event set de_deliver_after = de_deliver_after - length"
                   "  from q, step where de_queue = id),"
                   " e as (update pgq.event_key set key_expires = key_expires - length"
                   "  from q, step where key_queue = id)"
                   "update pgq.queue set queue_switch_time = queue_switch_time - length from q, step"
                   " where queue_id = id",
                   queue, time.count());
    }

private:
    static constexpr std::size_t last = 7;

    void make_new(std::string const& queue) {
        auto& db = session(0);
        db.begin();
        auto const each = [&](std::string_view sql) { pgq::query(db, sql, queue); };
        auto const of = [&](std::string const& table, std::string const& column) {
            each("delete from pgq." + table + " using pgq.queue where queue_name = $1 and " + column + " = queue_id");
        };
        of("retry_queue", "ev_queue");
        of("attempt", "sub_queue");
        of("subscription", "sub_queue");
        of("tick", "tick_queue");
        of("delayed_event", "de_queue");
        of("event_key", "key_queue");
        each("select setval(queue_event_seq, 1, false), setval(queue_tick_seq, 1, false) from pgq.queue"
             " where queue_name = $1");
        db.execute("do $$ declare t text; begin for t in select queue_data_pfx from pgq.queue where queue_name = '" +
                   queue + "' loop execute 'delete from ' || t; end loop; end $$");
        each("update pgq.queue set queue_cur_table = 0, queue_switch_step1 = txid_current(),"
             " queue_switch_step2 = txid_current(), queue_switch_time = now() where queue_name = $1");
        each("select pgq.ticker($1::text)");
        db.commit();
    }

    std::deque<pgq::libpq::connection> sessions_{};
};

}  // namespace support
