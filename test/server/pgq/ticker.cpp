#include <pgq/producer.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/ticker.hpp>

#include <boost/test/unit_test.hpp>
#include <support/fresh_queue.hpp>
#include <support/session.hpp>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_ticker)

using namespace std::chrono_literals;
using pgq::libpq::connection;
using support::connect;
using support::eventually;
using support::text_of;

namespace {

using clock = std::chrono::steady_clock;

auto const unexpected = [](std::string_view queue, pgq::error const& problem) {
    BOOST_ERROR(std::string{queue} + ": " + problem.what());
};

struct fresh_queue : support::fresh_queue {
    fresh_queue() { pgq::query(db, "select pgq.register_consumer($1, 'reader')", name); }

    /// Lets the consumer go through all ticks that there are.
    void read() {
        while (pgq::query(
                   db, "select pgq.finish_batch(batch) from pgq.next_batch($1, 'reader') batch where batch is not null",
                   name)
                   .size() > 0) {}
    }
    std::string newest() { return text_of(pgq::query(db, "select last_tick_id from pgq.get_queue_info($1)", name)); }
    /// Events that the newest tick covers.
    std::string covered() {
        return text_of(
            pgq::query(db,
                       "select count(*) from " +
                           text_of(pgq::query(db, "select queue_data_pfx from pgq.queue where queue_name = $1", name)) +
                           ", (select tick_snapshot from pgq.tick where tick_queue = (select queue_id from pgq.queue "
                           "where queue_name = $1) order by tick_id desc limit 1) newest "
                           "where txid_visible_in_snapshot(ev_txid, tick_snapshot)",
                       name));
    }
};

/// A ticker that is the active one; its passes are rare, so that what is seen in between came on demand.
struct active_ticker {
    connection session = connect();
    pgq::ticker<connection> ticker;

    static constexpr pgq::ticker_options rare{.period = 1h, .standby = 1ms};

    explicit active_ticker(pgq::ticker_options options = rare) : ticker{session, options} {
        BOOST_REQUIRE(eventually([&] {
            ticker.step(clock::now(), unexpected);
            return ticker.role() == pgq::ticker_role::active;
        }));
    }
    /// The first pass gave each queue a tick; the consumers go through it.
    explicit active_ticker(std::initializer_list<fresh_queue*> queues, pgq::ticker_options options = rare)
        : active_ticker{options} {
        for (auto* queue : queues)
            queue->read();
    }
    bool steps_until(auto const& met) {
        return eventually([&] {
            ticker.step(clock::now(), unexpected);
            return met();
        });
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(ticks_the_very_first_event_of_a_queue_at_once_and_says_so) {
    fresh_queue queue;
    auto listener = connect();
    listener.listen("pgq_tick");
    active_ticker active{&queue};
    pgq::producer{queue.db, queue.name}.insert({.type = "t"});
    BOOST_TEST(active.steps_until([&] { return queue.covered() == "1"; }));
    auto const heard = listener.wait_notification(clock::now() + support::limit);
    BOOST_REQUIRE(heard.has_value());
    BOOST_TEST(heard->payload == queue.name);
}

BOOST_AUTO_TEST_CASE(waits_for_the_commit_of_an_event_not_only_for_its_sequence) {
    fresh_queue queue;
    active_ticker active{&queue};
    auto writer = connect();
    writer.begin();
    pgq::producer{writer, queue.name}.insert({.type = "slow"});
    for (int i = 0; i < 20; ++i) {
        active.ticker.step(clock::now(), unexpected);
        std::this_thread::sleep_for(1ms);
    }
    BOOST_TEST(queue.covered() == "0");
    writer.commit();
    BOOST_TEST(active.steps_until([&] { return queue.covered() == "1"; }));
}

BOOST_AUTO_TEST_CASE(delivers_delayed_events_when_they_are_due) {
    fresh_queue queue;
    pgq::query(queue.db, "select pgq.insert_event_after($1, now() - interval '1 second', 'due', '')", queue.name);
    pgq::query(queue.db, "select pgq.insert_event_after($1, now() + interval '1 day', 'later', '')", queue.name);
    auto often = active_ticker::rare;
    often.period = 10ms;
    active_ticker active{{&queue}, often};
    BOOST_TEST(active.steps_until([&] { return queue.covered() == "1"; }));
}

BOOST_AUTO_TEST_CASE(ticks_no_queue_for_the_events_of_others) {
    fresh_queue quiet;
    fresh_queue busy;
    active_ticker active{&quiet, &busy};
    auto const before = quiet.newest();
    for (int i = 1; i <= 5; ++i) {
        pgq::producer{busy.db, busy.name}.insert({.type = "t"});
        BOOST_TEST(active.steps_until([&] { return busy.covered() == std::to_string(i); }));
        busy.read();
    }
    BOOST_TEST(quiet.newest() == before);
}

BOOST_AUTO_TEST_CASE(finds_an_event_that_was_written_across_a_rotation) {
    fresh_queue queue;
    active_ticker active{&queue};
    auto writer = connect();
    writer.begin();
    pgq::producer{writer, queue.name}.insert({.type = "slow"});
    pgq::sql::set_queue_config(queue.db, queue.name, "rotation_period", "0");
    pgq::query(queue.db, "select pgq.maint_rotate_tables_step1($1)", queue.name);
    pgq::query(queue.db, "select pgq.maint_rotate_tables_step2()");
    BOOST_TEST(text_of(pgq::query(queue.db, "select queue_cur_table from pgq.queue where queue_name = $1",
                                  queue.name)) == "1");
    writer.commit();
    BOOST_TEST(active.steps_until([&] { return queue.covered() == "1"; }));
}

BOOST_AUTO_TEST_CASE(makes_no_ticks_that_nobody_waits_for) {
    fresh_queue queue;
    fresh_queue other;
    active_ticker active{&queue, &other};
    pgq::producer out{queue.db, queue.name};
    out.insert({.type = "t"});
    BOOST_TEST(active.steps_until([&] { return queue.covered() == "1"; }));
    auto const unread = queue.newest();
    for (int i = 1; i <= 5; ++i) {
        out.insert({.type = "t"});
        pgq::producer{other.db, other.name}.insert({.type = "t"});
        BOOST_TEST(active.steps_until([&] { return other.covered() == std::to_string(i); }));
        other.read();
    }
    BOOST_TEST(queue.newest() == unread);
    queue.read();
    BOOST_TEST(active.steps_until([&] { return queue.covered() == "6"; }));
}

BOOST_AUTO_TEST_CASE(leaves_paused_queues_alone) {
    fresh_queue paused;
    fresh_queue other;
    pgq::sql::set_queue_config(paused.db, paused.name, "ticker_paused", "1");
    active_ticker active{&other};
    pgq::producer{paused.db, paused.name}.insert({.type = "t"});
    pgq::producer{other.db, other.name}.insert({.type = "t"});
    BOOST_TEST(active.steps_until([&] { return other.covered() == "1"; }));
    BOOST_TEST(paused.covered() == "0");
}

BOOST_AUTO_TEST_CASE(sees_queues_come_and_go) {
    active_ticker active{{.period = 10ms, .standby = 1ms}};
    {
        fresh_queue passing;
        pgq::producer{passing.db, passing.name}.insert({.type = "t"});
        BOOST_TEST(active.steps_until([&] { return passing.read(), passing.covered() == "1"; }));
    }
    fresh_queue next;
    pgq::producer{next.db, next.name}.insert({.type = "t"});
    BOOST_TEST(active.steps_until([&] { return next.read(), next.covered() == "1"; }));
}

BOOST_AUTO_TEST_CASE(one_ticks_and_a_second_takes_over_when_it_goes) {
    fresh_queue queue;
    auto second_session = connect();
    pgq::ticker second{second_session, {.standby = 1ms}};
    {
        active_ticker const first;
        second.step(clock::now(), unexpected);
        BOOST_TEST((second.role() == pgq::ticker_role::second));
    }
    BOOST_TEST(eventually([&] {
        second.step(clock::now(), unexpected);
        return second.role() == pgq::ticker_role::active;
    }));
}

BOOST_AUTO_TEST_SUITE_END()
