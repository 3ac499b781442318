/// What producers and operators can ask for beyond plain inserts, on the server: delayed, once, limited, positions.
#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/headers.hpp>
#include <pgq/policy/insert_limit.hpp>
#include <pgq/policy/insert_with_lag.hpp>
#include <pgq/position.hpp>
#include <pgq/producer.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/queue.hpp>

#include <atomic>
#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_delivery)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::connect;
using support::consumed_queue;
using support::order_placed;
using lines = std::vector<std::string>;

namespace {

/// Data of all events that the consumer gets now.
lines read(consumed_queue& queue) {
    lines data;
    pgq::consumer reader{queue.source, [&](pgq::event const& ev) { data.emplace_back(ev.data); }};
    while (reader.step(queue.db)) {}
    return data;
}

constexpr pgq::new_event plain(std::string_view data) {
    return {.type = "type", .data = data};
}

}  // namespace

BOOST_AUTO_TEST_CASE(delayed_events_come_after_their_time) {
    consumed_queue queue{"delivery_delayed"};
    pgq::producer out{queue.db, queue.source.queue};
    out.insert(order_placed{1, "ann", 250}, pgq::deliver_after{0s});
    out.insert(plain("at"), pgq::deliver_after{pgq::system_time{pgq::postgres_epoch}});
    auto const late = out.insert(plain("later"), pgq::deliver_after{1h});
    BOOST_TEST(out.cancel(late));
    BOOST_TEST(!out.cancel(late));
    out.insert(plain("tomorrow"), pgq::deliver_after{std::chrono::system_clock::now() + 24h});
    queue.redeliver();
    BOOST_TEST(read(queue) == (lines{"at", "id=1&customer=ann&cents=250"}), per_element());
    queue.redeliver();
    BOOST_TEST(read(queue).empty());
    BOOST_TEST(queue.value("select waiting from pgq.get_delayed_info('delivery_delayed')") == "1");
}

BOOST_AUTO_TEST_CASE(an_event_goes_in_once_per_key) {
    consumed_queue queue{"delivery_once"};
    pgq::producer out{queue.db, queue.source.queue};
    auto const first = out.insert_once("payment 7", 1h, order_placed{7, "ann", 250});
    auto const second = out.insert_once("payment 7", 1h, plain("not stored"));
    BOOST_TEST((first.fresh && !second.fresh && first.id == second.id));
    queue.db.begin();
    BOOST_TEST(out.insert_once("payment 8", 1h, plain("rolled back")).fresh);
    queue.db.rollback();
    BOOST_TEST(out.insert_once("payment 8", 1h, plain("stored")).fresh);
    queue.tick();
    BOOST_TEST(read(queue) == (lines{"id=7&customer=ann&cents=250", "stored"}), per_element());
}

BOOST_AUTO_TEST_CASE(headers_travel_with_the_event) {
    consumed_queue queue{"delivery_headers"};
    pgq::producer out{queue.db, queue.source.queue};
    out.insert(order_placed{1, "ann", 250}, pgq::headers{{"tenant", "ann & co"}});
    queue.insert("type", "none");
    queue.tick();
    lines tenants;
    pgq::consumer reader{queue.source, [&](pgq::event const& ev) {
                             auto const tenant = pgq::headers_of(ev).find("tenant");
                             tenants.push_back(tenant ? tenant->str() : "nobody");
                         }};
    while (reader.step(queue.db)) {}
    BOOST_TEST(tenants == (lines{"ann & co", "nobody"}), per_element());
}

BOOST_AUTO_TEST_CASE(lag_comes_back_with_each_insert) {
    consumed_queue queue{"delivery_lag"};
    pgq::producer out{queue.db, queue.source.queue, pgq::insert_with_lag{}};
    out.insert(plain("a"));
    auto const second = out.insert(plain("b"));
    BOOST_TEST(second.lag.events >= 1U);
    BOOST_TEST((second.lag.time == 0ms));
    queue.tick();
    queue.db.execute("update pgq.tick set tick_time = tick_time - interval '1 hour'");
    BOOST_TEST((out.insert(plain("c")).lag.time >= 1h));
    read(queue);
    BOOST_TEST((out.insert(plain("d")).lag.time == 0ms));
    BOOST_TEST(out.finish() == 4U);
}

BOOST_AUTO_TEST_CASE(a_blocked_producer_goes_on_when_its_consumers_have_caught_up) {
    consumed_queue queue{"delivery_block"};
    queue.insert_many("type", 50);
    std::atomic<bool> stored = false;
    std::jthread const producer{[&] {
        auto db = connect();
        pgq::producer out{db, queue.source.queue, pgq::limit{.events = 20, .check_every = 5ms, .patience = 2min}};
        stored = out.insert(plain("last")).has_value();
    }};
    // It looks at the lag, finds it too large, and looks again.
    BOOST_TEST(support::eventually([&] {
        return queue.value("select count(*) from pg_stat_activity where query like '%pgq.get_queue_lag%' and pid <> "
                           "pg_backend_pid() and state = 'idle'") == "1";
    }));
    BOOST_TEST(!stored);
    queue.tick();
    BOOST_TEST(read(queue).size() == 50U);
    BOOST_TEST(support::eventually([&] { return stored.load(); }));
    queue.tick();
    BOOST_TEST(read(queue) == lines{"last"}, per_element());
}

BOOST_AUTO_TEST_CASE(a_blocked_producer_ends_on_stop) {
    consumed_queue queue{"delivery_stop"};
    queue.insert_many("type", 50);
    std::stop_source stop;
    std::atomic<bool> ended = false;
    std::jthread const producer{[&] {
        auto db = connect();
        db.stop_token(stop.get_token());
        pgq::producer out{db, queue.source.queue, pgq::limit{.events = 20, .check_every = 5ms, .patience = 2min}};
        try {
            out.insert(plain("never"));
        } catch (pgq::stopped const&) { ended = true; }
    }};
    stop.request_stop();
    BOOST_TEST(support::eventually([&] { return ended.load(); }));
}

BOOST_AUTO_TEST_CASE(over_the_limit_events_are_dropped_or_refused) {
    consumed_queue queue{"delivery_drop"};
    pgq::producer drops{queue.db, queue.source.queue, pgq::limit{.events = 3, .then = pgq::on_limit::drop}};
    for (int i = 0; i < 10; ++i)
        drops.insert(plain("x"));
    BOOST_TEST(drops.dropped() == 7U);
    BOOST_TEST(drops.finish() == 3U);
    pgq::producer fails{queue.db, queue.source.queue, pgq::limit{.events = 3, .then = pgq::on_limit::fail}};
    support::thrown<pgq::queue_full>([&] { fails.insert(plain("x")); });
    queue.tick();
    BOOST_TEST(read(queue).size() == 3U);
}

BOOST_AUTO_TEST_CASE(kept_history_comes_again) {
    consumed_queue queue{"delivery_seek"};
    lines const all{"1", "2", "3"};
    for (auto const& data : all) {
        queue.insert("type", data);
        queue.tick();
    }
    auto const ticks = pgq::kept(queue.db, queue.source.queue);
    BOOST_TEST(pgq::number(ticks.newest) - pgq::number(ticks.oldest) == 3);
    BOOST_TEST((ticks.oldest_time <= ticks.newest_time));
    BOOST_TEST(read(queue) == all, per_element());
    BOOST_TEST((pgq::seek(queue.db, queue.source, pgq::seek_to::start) == ticks.oldest));
    BOOST_TEST(read(queue) == all, per_element());
    BOOST_TEST((pgq::seek(queue.db, queue.source, pgq::tick_id{pgq::number(ticks.oldest) + 2}) > ticks.oldest));
    BOOST_TEST(read(queue) == lines{"3"}, per_element());
    BOOST_TEST((pgq::seek(queue.db, queue.source, ticks.oldest_time) == ticks.oldest));
    BOOST_TEST((pgq::seek(queue.db, queue.source, std::chrono::system_clock::now() + 1h) == ticks.newest));
    BOOST_TEST((pgq::seek(queue.db, queue.source, pgq::seek_to::end) == ticks.newest));
    BOOST_TEST(read(queue).empty());
    support::thrown<pgq::usage_error>([&] { pgq::seek(queue.db, queue.source, pgq::timestamp{}); });
    support::thrown<pgq::usage_error>([&] { pgq::seek(queue.db, queue.source, pgq::tick_id{99}); });
    support::thrown<pgq::usage_error>([&] { static_cast<void>(pgq::kept(queue.db, "no such queue")); });
}

BOOST_AUTO_TEST_CASE(a_seek_takes_the_batch_from_whoever_works_on_it) {
    consumed_queue queue{"delivery_seek_open"};
    queue.insert("type", "1");
    queue.tick();
    auto other = connect();
    bool moved = false;
    pgq::consumer worker{queue.source, [&](pgq::event const&) {
                             if (!std::exchange(moved, true)) pgq::seek(other, queue.source, pgq::seek_to::start);
                         }};
    support::thrown<pgq::fenced_error>([&] { queue.step(worker); });
    BOOST_TEST(read(queue) == lines{"1"}, per_element());
}

BOOST_AUTO_TEST_CASE(a_paused_consumer_rests_and_goes_on) {
    consumed_queue queue{"delivery_pause"};
    queue.insert("type", "1");
    queue.tick();
    auto operator_ = connect();
    BOOST_TEST(pgq::pause(operator_, queue.source));
    BOOST_TEST(!pgq::pause(operator_, queue.source));
    BOOST_TEST(pgq::paused_since(queue.db, queue.source).has_value());
    BOOST_TEST(read(queue).empty());
    BOOST_TEST(pgq::resume(operator_, queue.source));
    BOOST_TEST(!pgq::resume(operator_, queue.source));
    BOOST_TEST(!pgq::paused_since(queue.db, queue.source).has_value());
    BOOST_TEST(read(queue) == lines{"1"}, per_element());
    auto const unknown = pgq::subscription{queue.source.queue, "stranger"};
    support::thrown<pgq::usage_error>([&] { pgq::pause(operator_, unknown); });
}

BOOST_AUTO_TEST_SUITE_END()
