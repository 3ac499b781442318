#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/producer.hpp>
#include <pgq/sql/tick.hpp>
#include <pgq/stage/decode.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>
#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/said_by.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_server)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using pgq::testing::server;
using support::order_placed;
using support::said_by;
using lines = std::vector<std::string>;

namespace {

/// A consumer that keeps what it gets, and the queue that it reads.
struct reader {
    server db;
    lines seen;
    pgq::consumer<pgq::subscription, std::function<void(pgq::event const&)>> consumer{
        {"orders", "billing"}, [this](pgq::event const& ev) { seen.emplace_back(ev.data); }};

    reader() {
        db.create_queue("orders");
        consumer.subscribe(db);
    }
    void put(std::string_view data) { db.put("orders", {.type = "t", .data = data}); }
    lines step() {
        seen.clear();
        static_cast<void>(consumer.step(db));
        return seen;
    }
};

void put(pgq::testing::session& session, std::string_view data) {
    pgq::producer out{session, "orders"};
    out.insert(pgq::new_event{.type = "t", .data = data});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_consumer_runs_unchanged) {
    server db;
    db.create_queue("orders");
    lines billed;
    pgq::consumer billing{pgq::subscription{"orders", "billing"}, pgq::decode<order_placed>{},
                          [&](order_placed const& order) { billed.push_back(order.customer); }};
    BOOST_TEST(billing.subscribe(db));
    BOOST_TEST(!billing.subscribe(db));
    BOOST_TEST(!billing.step(db).has_value());
    db.put("orders", order_placed{1, "ann", 250});
    db.put("orders", order_placed{2, "bob", 100});
    BOOST_TEST(!billing.step(db).has_value());
    BOOST_TEST(db.tick() == 1);
    auto const report = billing.step(db);
    BOOST_REQUIRE(report.has_value());
    BOOST_TEST((report->counts == pgq::verdict_counts{.events = 2, .done = 2}));
    BOOST_TEST(billed == (lines{"ann", "bob"}), per_element());
    BOOST_TEST(!billing.step(db).has_value());
    BOOST_TEST(db.tick() == 0);
}

BOOST_AUTO_TEST_CASE(an_open_transactions_events_come_after_its_commit) {
    reader one;
    auto slow = one.db.connect();
    slow.begin();
    put(slow, "slow");
    one.put("fast");
    one.db.tick();
    BOOST_TEST(one.step() == lines{"fast"}, per_element());
    slow.commit();
    one.put("later");
    one.db.tick();
    BOOST_TEST(one.step() == (lines{"slow", "later"}), per_element());
}

BOOST_AUTO_TEST_CASE(events_of_a_rolled_back_transaction_never_come) {
    reader one;
    {
        auto dying = one.db.connect();
        dying.begin();
        put(dying, "never");
    }
    one.db.begin();
    one.put("neither");
    one.db.rollback();
    one.put("seen");
    one.db.tick();
    BOOST_TEST(one.step() == lines{"seen"}, per_element());
}

BOOST_AUTO_TEST_CASE(a_retried_event_comes_when_its_time_has_come) {
    server db;
    db.create_queue("orders");
    lines seen;
    pgq::consumer fragile{pgq::subscription{"orders", "billing"}, pgq::retry{pgq::fixed{.delay = 60s, .attempts = 3}},
                          [&](pgq::event const& ev) {
                              seen.push_back(std::to_string(ev.retry));
                              throw std::runtime_error{"no address"};
                          }};
    fragile.subscribe(db);
    auto const id = db.put("orders", order_placed{1, "ann", 250});
    for (int round = 0; round < 3; ++round) {
        db.tick();
        BOOST_TEST(fragile.step(db)->counts.events == 1);
        db.clock().advance(59s);
        BOOST_TEST(db.tick() == (round == 2 ? 1 : 0));  // the dead letter is there at once
        db.clock().advance(1s);
    }
    BOOST_TEST(seen == (lines{"0", "1", "2"}), per_element());
    lines stories;
    pgq::consumer keeper{pgq::subscription{"orders.dead", "keeper"},
                         [&](pgq::event const& ev) { stories.emplace_back(ev.extra[3].value()); }};
    BOOST_TEST(keeper.step(db)->counts.done == 1);
    BOOST_TEST(stories == lines{"{\"queue\":\"orders\",\"consumer\":\"billing\",\"event\":" + std::to_string(id) +
                                ",\"attempts\":3,\"reason\":\"no address\",\"first_error\":\"no address\","
                                "\"last_error\":\"no address\"}"},
               per_element());
}

BOOST_AUTO_TEST_CASE(each_consumer_has_a_position_of_its_own) {
    reader one;
    one.put("before");
    one.db.tick();
    lines seen;
    pgq::consumer late{pgq::subscription{"orders", "late"}, [&](pgq::event const& ev) { seen.emplace_back(ev.data); }};
    late.subscribe(one.db);
    one.put("after");
    one.db.tick();
    BOOST_TEST(late.step(one.db)->counts.events == 1);
    BOOST_TEST(seen == lines{"after"}, per_element());
    BOOST_TEST(one.step() == lines{"before"}, per_element());
    BOOST_TEST(one.step() == lines{"after"}, per_element());
    pgq::query(one.db, "select pgq.register_consumer_at($1, 'late', 1)", "orders");
    seen.clear();
    BOOST_TEST(late.step(one.db)->counts.events == 1);
    BOOST_TEST(seen == lines{"before"}, per_element());
    BOOST_TEST(late.source().unsubscribe(one.db));
    BOOST_TEST(said_by<pgq::usage_error>([&] {
                   late.step(one.db);
               }).starts_with("consumer \"late\" is not subscribed to queue \"orders\""));
}

BOOST_AUTO_TEST_CASE(two_processes_with_one_name_are_told) {
    reader one;
    one.put("x");
    one.db.tick();
    auto other = one.db.connect();
    auto const batch = one.consumer.source().next(other);
    pgq::consumer same{pgq::subscription{"orders", "billing"},
                       [&](pgq::event const&) { one.consumer.source().finish(other, batch->id); }};
    BOOST_CHECK_THROW(same.step(one.db), pgq::fenced_error);
    BOOST_TEST(!same.step(one.db).has_value());
}

BOOST_AUTO_TEST_CASE(wishes_and_ticker_settings_follow_the_clock) {
    reader one;
    pgq::sql::set_queue_config(one.db, "orders", "ticker_max_lag", "5 seconds");
    BOOST_TEST(pgq::sql::tick_queue(one.db, "orders").value() == 2);  // the second tick of a queue comes at once
    one.put("x");
    BOOST_TEST(!pgq::sql::tick_queue(one.db, "orders").has_value());
    one.db.clock().advance(5s);
    BOOST_TEST(pgq::sql::tick_all(one.db) == 2);  // the dead-letter queue gets its second one
    pgq::subscription const patient{.queue = "orders", .consumer = "billing", .wishes = {.min_lag = 10s}};
    BOOST_TEST(!patient.next(one.db).has_value());
    one.db.clock().advance(5s);
    auto const empty = patient.next(one.db);
    BOOST_REQUIRE(empty.has_value());
    BOOST_TEST(pgq::sql::finish_batch(one.db, empty->id));
    BOOST_TEST(!patient.next(one.db).has_value());
    one.db.clock().advance(5s);
    BOOST_TEST(patient.next(one.db).has_value());
}

BOOST_AUTO_TEST_CASE(errors_are_those_of_the_server) {
    server db;
    BOOST_TEST(said_by<pgq::usage_error>([&] {
                   db.put("orders", order_placed{});
               }).starts_with("queue \"orders\" does not exist"));
    try {
        pgq::query(db, "select pgq.get_batch_events($1)", 7);
        BOOST_ERROR("threw nothing");
    } catch (pgq::sql_error const& failure) {
        BOOST_TEST(failure.what() == "batch not found");
        BOOST_TEST(failure.state().view() == "P0001");
        BOOST_TEST(failure.statement() == "select pgq.get_batch_events($1)");
        BOOST_TEST(!failure.transaction_aborted());
    }
    db.begin();
    BOOST_CHECK_THROW(pgq::query(db, "select pgq.drop_queue('none', true)"), pgq::sql_error);
    BOOST_TEST(said_by<pgq::sql_error>([&] { db.create_queue("q"); }) ==
               "current transaction is aborted, commands ignored until end of transaction block");
    BOOST_CHECK_THROW(db.commit(), pgq::sql_error);
    BOOST_TEST(!db.in_transaction());
}

BOOST_AUTO_TEST_CASE(a_row_that_another_session_has_changed_is_no_endless_wait) {
    reader one;
    one.put("x");
    one.db.tick();
    auto const batch = one.consumer.source().next(one.db);
    auto other = one.db.connect();
    other.begin();
    one.consumer.source().finish(other, batch->id);
    try {
        one.consumer.source().finish(one.db, batch->id);
        BOOST_ERROR("threw nothing");
    } catch (pgq::sql_error const& failure) { BOOST_TEST(failure.state().view() == "55P03"); }
    other.commit();
    BOOST_CHECK_THROW(one.consumer.source().finish(one.db, batch->id), pgq::fenced_error);
}

BOOST_AUTO_TEST_SUITE_END()
