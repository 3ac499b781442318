#include <pgq/consumer.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/source/coop_subscription.hpp>
#include <pgq/stage/decode.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/testing/expect.hpp>
#include <pgq/testing/run.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/said_by.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

BOOST_AUTO_TEST_SUITE(testing_expect)

using namespace std::chrono_literals;
using pgq::testing::expect;
using pgq::testing::server;
using pgq::testing::unmet;
using support::order_placed;
using support::said_by;

namespace {

auto billing() {
    return pgq::consumer{pgq::subscription{"orders", "billing"}, pgq::decode<order_placed>{},
                         pgq::retry{pgq::fixed{.delay = 60s, .attempts = 3}}, [](order_placed const& order) {
                             if (order.customer == "nobody") throw std::runtime_error{"no address"};
                         }};
}

struct shop {
    server db;
    std::int64_t early = 0;

    shop() {
        db.create_queue("orders");
        early = db.put("orders", order_placed{0, "early", 1});
        db.tick();
        auto consumer = billing();
        consumer.subscribe(db);
    }
    auto about() { return expect(db, "orders", "billing"); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_event_is_followed_from_its_put_to_its_end) {
    shop one;
    auto consumer = billing();
    auto const good = one.db.put("orders", order_placed{1, "ann", 250});
    auto const bad = one.db.put("orders", order_placed{2, "nobody", 250});
    one.about().waiting(good).waiting(bad);
    BOOST_TEST(
        said_by<unmet>([&] { one.about().handled(good); }) ==
        "expected that event 2 of queue \"orders\" was handled, but for consumer \"billing\" it waits for a tick");
    one.db.tick();
    static_cast<void>(consumer.step(one.db));
    one.about().handled(good).retried(bad, 60s).retried(bad);
    BOOST_TEST(said_by<unmet>([&] { one.about().retried(bad, 61s); }) ==
               "expected that event 3 of queue \"orders\" is to be delivered again in 61 s, but for consumer "
               "\"billing\" it is to be delivered again in 60 s");
    BOOST_TEST(said_by<unmet>([&] { one.about().nothing_left(); }) ==
               "expected nothing to be left for consumer \"billing\" of queue \"orders\", but there is:\n"
               "  event 3 is to be delivered again in 60 s");
    auto const report = pgq::testing::run_until_idle(consumer, one.db);
    BOOST_TEST(report.counts.dead == 1);
    one.about().set_aside(bad, "no address").nothing_left();
    BOOST_TEST(said_by<unmet>([&] { one.about().set_aside(bad, "no money"); }) ==
               "expected that event 3 of queue \"orders\" was set aside with \"no money\" in the reason, but for "
               "consumer \"billing\" it was set aside: no address");
    BOOST_TEST(said_by<unmet>([&] {
                   one.about().handled(bad);
               }).ends_with("was handled, but for consumer \"billing\" it was set aside: no address"));
}

BOOST_AUTO_TEST_CASE(an_event_of_no_concern_is_not_taken_for_handled) {
    shop one;
    BOOST_TEST(
        said_by<unmet>([&] { one.about().handled(one.early); }).ends_with("it came before the consumer subscribed"));
    auto other = one.db.connect();
    other.begin();
    pgq::producer out{other, "orders"};
    auto const open = out.insert(order_placed{1, "ann", 250});
    one.db.tick("orders");
    BOOST_TEST(said_by<unmet>([&] {
                   one.about().handled(open);
               }).ends_with("it is not in the queue; is its transaction still open?"));
    other.commit();
    one.about().waiting(open);
    one.db.tick();
    BOOST_TEST(said_by<unmet>([&] { one.about().nothing_left(); }).ends_with("\n  event 2 waits to be delivered"));
}

BOOST_AUTO_TEST_CASE(members_batches_count_as_open) {
    server db;
    db.create_queue("orders");
    pgq::coop_subscription const member{"orders", "billing", "one"};
    member.subscribe(db);
    auto const id = db.put("orders", order_placed{1, "ann", 250});
    db.tick();
    auto const batch = member.next(db);
    BOOST_TEST(said_by<unmet>([&] {
                   expect(db, "orders", "billing").handled(id);
               }).ends_with("it is in batch 1, which is not finished"));
    expect(db, "orders", "billing").open(id);
    member.finish(db, batch->id);
    expect(db, "orders", "billing").handled(id);
}

BOOST_AUTO_TEST_CASE(runs_until_nothing_more_comes) {
    shop one;
    auto consumer = billing();
    one.db.put("orders", order_placed{2, "nobody", 250});
    one.db.fail_next(pgq::testing::step::finish, pgq::testing::lost{});
    one.db.fail_next(pgq::testing::step::commit, pgq::testing::refused{"40001", "could not serialize"}, 1);
    auto const before = one.db.clock().now();
    auto const report = pgq::testing::run_until_idle(consumer, one.db);
    BOOST_TEST(report.batches == 3);
    BOOST_TEST((report.counts == pgq::verdict_counts{.events = 3, .retried = 2, .dead = 1}));
    BOOST_TEST(report.troubles.size() == 2);
    BOOST_TEST(report.sessions == 3);
    BOOST_TEST(one.db.clock().now().microseconds - before.microseconds == std::chrono::microseconds{120s}.count());
}

BOOST_AUTO_TEST_CASE(a_consumer_that_never_ends_is_told) {
    shop one;
    pgq::consumer endless{pgq::subscription{"orders", "billing"}, [](pgq::event const&) { return pgq::retry_in(1h); }};
    one.db.put("orders", order_placed{2, "nobody", 250});
    BOOST_TEST(said_by<pgq::usage_error>([&] { run_until_idle(endless, one.db, {.time = 24h}); }) ==
               "the consumer is still busy after 24 hours of virtual time: does it retry an event for ever?");
    BOOST_CHECK_THROW(run_until_idle(endless, one.db, {.batches = 20}), pgq::usage_error);
}

BOOST_AUTO_TEST_CASE(answered_statements_are_counted_when_committed) {
    server db;
    db.answer("insert into bills");
    db.execute("insert into bills values (1)");
    db.begin();
    db.execute("insert into bills values (2)");
    db.rollback();
    pgq::testing::expect_committed(db, "insert into bills", 1);
    BOOST_TEST(said_by<unmet>([&] { pgq::testing::expect_committed(db, "insert", 2); }) ==
               "expected 2 committed statements with \"insert\", but there are 1");
}

BOOST_AUTO_TEST_SUITE_END()
