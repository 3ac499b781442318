#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/position.hpp>
#include <pgq/producer.hpp>
#include <pgq/sql/delivery.hpp>
#include <pgq/sql/position.hpp>
#include <pgq/testing/run.hpp>
#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/said_by.hpp>
#include <support/shop.hpp>

#include <chrono>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_delivery)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using pgq::testing::server;
using support::order_placed;
using support::said_by;
using support::shop;
using lines = std::vector<std::string>;

namespace {

pgq::new_event ev(std::string_view data) {
    return {.type = "t", .data = data};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_delayed_event_comes_when_its_time_has_come) {
    shop one;
    pgq::producer out{one.db, "orders"};
    auto const soon = out.insert(ev("soon"), pgq::deliver_after{10s});
    auto const never = out.insert(ev("never"), pgq::deliver_after{5s});
    out.insert(ev("later"), pgq::deliver_after{pgq::to_system_time(one.db.clock().now()) + 1h});
    BOOST_TEST(pgq::sql::cancel_delayed_event(one.db, "orders", never));
    BOOST_TEST(!pgq::sql::cancel_delayed_event(one.db, "orders", never));
    one.db.clock().advance(9999ms);
    BOOST_TEST(one.db.tick() == 0);
    one.db.clock().advance(1ms);
    BOOST_TEST(one.db.tick() == 1);
    BOOST_TEST(one.step() == lines{"soon"}, per_element());
    BOOST_TEST(!pgq::sql::cancel_delayed_event(one.db, "orders", soon));
    auto consumer = one.reader();
    BOOST_TEST(pgq::testing::run_until_idle(consumer, one.db).counts.done == 1);
    BOOST_TEST(one.seen == (lines{"soon", "later"}), per_element());
}

BOOST_AUTO_TEST_CASE(an_event_goes_in_once_for_each_key_and_window) {
    shop one;
    pgq::producer out{one.db, "orders"};
    auto const first = out.insert_once("k", 1min, ev("a"));
    BOOST_TEST(first.fresh);
    BOOST_TEST(out.insert_once("other", 1min, ev("b")).fresh);
    one.db.clock().advance(59s);
    auto const again = out.insert_once("k", 1min, ev("c"));
    BOOST_TEST(!again.fresh);
    BOOST_TEST(again.id == first.id);
    one.db.clock().advance(1s);
    BOOST_TEST(out.insert_once("k", 1min, ev("d")).fresh);
    one.db.tick();
    BOOST_TEST(one.step() == (lines{"a", "b", "d"}), per_element());
}

BOOST_AUTO_TEST_CASE(lag_is_that_of_the_slowest_consumer) {
    shop one;
    BOOST_TEST(pgq::sql::get_queue_lag(one.db, "orders").events == 0);
    one.put("a");
    one.db.clock().advance(3s);
    BOOST_TEST(pgq::sql::get_queue_lag(one.db, "orders").time.count() == 3000);
    auto const stored = pgq::sql::insert_event_with_lag(one.db, "orders", ev("b"));
    BOOST_TEST(stored.id == 2);
    BOOST_TEST(stored.lag.events == 1);
    one.step();
    BOOST_TEST(pgq::sql::get_queue_lag(one.db, "orders").events == 1);
    BOOST_CHECK_THROW(pgq::sql::get_queue_lag(one.db, "none"), pgq::sql_error);
}

BOOST_AUTO_TEST_CASE(positions_can_be_moved) {
    shop one;
    auto const begin = one.db.clock().now();
    one.db.clock().advance(1h);
    one.put("a");
    one.put("b");
    BOOST_TEST(one.step() == lines{"a"}, per_element());
    pgq::seek(one.db, one.source, pgq::seek_to::end);
    BOOST_TEST(one.step().empty());
    pgq::seek(one.db, one.source, pgq::seek_to::start);
    BOOST_TEST(one.step() == lines{"a"}, per_element());
    pgq::seek(one.db, one.source, begin);
    BOOST_TEST(one.step() == lines{"a"}, per_element());
    auto const kept = pgq::sql::kept_ticks_of(one.db, "orders");
    BOOST_TEST(number(kept.value().oldest) == 1);
    BOOST_TEST(number(kept.value().newest) == 3);
    BOOST_TEST((kept.value().oldest_time == begin));
}

BOOST_AUTO_TEST_CASE(a_paused_consumer_gets_nothing) {
    shop one;
    one.put("a");
    BOOST_TEST(pgq::sql::pause_consumer(one.db, "orders", "billing"));
    BOOST_TEST(!pgq::sql::pause_consumer(one.db, "orders", "billing"));
    BOOST_TEST((pgq::sql::paused_since(one.db, "orders", "billing") == one.db.clock().now()));
    BOOST_TEST(one.step().empty());
    BOOST_TEST(pgq::sql::resume_consumer(one.db, "orders", "billing"));
    BOOST_TEST(!pgq::sql::paused_since(one.db, "orders", "billing").has_value());
    BOOST_TEST(one.step() == lines{"a"}, per_element());
}

BOOST_AUTO_TEST_SUITE_END()
