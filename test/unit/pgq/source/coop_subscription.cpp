#include <pgq/consumer.hpp>
#include <pgq/source/coop_subscription.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_source_coop_subscription)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::scripted;
using lines = std::vector<std::string>;

namespace {

static_assert(pgq::batch_source<pgq::coop_subscription, scripted>);

pgq::coop_subscription const worker{"orders", "billing", "worker-1"};

scripted with_batch() {
    scripted db;
    db.answer("pgq_coop.next_batch", {{"7"}}).answer("get_batch_info", {{"20", "19", "3"}});
    return db;
}

pgq::sql_error taken_over() {
    return pgq::sql_error{"coop_finish_batch: batch 7 was taken over by billing.worker-2 as batch 8",
                          {.state = pgq::sqlstate{"55000"}}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(asks_for_the_members_batch) {
    auto db = with_batch();
    auto const found = worker.next(db);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST((found->id == pgq::batch_id{7} && found->tick == pgq::tick_id{20}));
    BOOST_TEST(db.log.front().ends_with("<orders> <billing> <worker-1> <60000 milliseconds>"));
    scripted idle;
    idle.answer("pgq_coop.next_batch", {{std::nullopt}});
    BOOST_TEST(!worker.next(idle).has_value());
}

BOOST_AUTO_TEST_CASE(a_batch_taken_over_is_a_fenced_error) {
    scripted db;
    db.fail("pgq_coop.finish_batch", taken_over()).answer("pgq_coop.finish_batch", {{"0"}});
    BOOST_CHECK_THROW(worker.finish(db, pgq::batch_id{7}), pgq::fenced_error);
    BOOST_CHECK_THROW(worker.finish(db, pgq::batch_id{7}), pgq::fenced_error);
}

BOOST_AUTO_TEST_CASE(says_when_pgq_coop_is_missing) {
    scripted db;
    db.fail("pgq_coop.next_batch",
            pgq::sql_error{"schema \"pgq_coop\" does not exist", {.state = pgq::sqlstate{"3F000"}}});
    BOOST_CHECK_THROW(static_cast<void>(worker.next(db)), pgq::usage_error);
}

BOOST_AUTO_TEST_CASE(is_heard_of_between_events_and_stops_when_it_was_taken_for_dead) {
    auto db = with_batch();
    db.answer("get_batch_events", {support::event_row("1", "x", "y"), support::event_row("2", "x", "y")});
    db.answer("to_regprocedure", {{"t"}}).answer("pgq_coop.heartbeat(", {{"1"}});
    db.answer("to_regprocedure", {{"t"}}).fail("pgq_coop.heartbeat(", taken_over());
    int handled = 0;
    auto hasty = worker;
    hasty.dead_after = 0ms;
    pgq::consumer billing{hasty, pgq::whole_batch{}, [&](pgq::event const&) { ++handled; }};
    BOOST_CHECK_THROW(billing.step(db), pgq::fenced_error);
    BOOST_TEST(handled == 1);
}

BOOST_AUTO_TEST_CASE(is_not_asked_for_where_the_server_cannot_be_told) {
    scripted db;
    db.answer("to_regprocedure", {{"f"}});
    worker.heartbeat(db, pgq::batch_id{7});
    BOOST_TEST(db.log.size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
