#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_limit.hpp>
#include <pgq/policy/insert_with_lag.hpp>
#include <pgq/producer.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_insert_limit)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::said_by;
using support::scripted;
using support::scripted_session;
using lines = std::vector<std::string>;

namespace {

constexpr auto never = std::chrono::hours{1000};
constexpr pgq::new_event event{.type = "t"};
std::string const inserted = "insert_event <q> <t> <NULL> <NULL> <NULL> <NULL> <NULL>";
std::string const looked = "get_queue_lag <q>";

auto& behind(auto& db, std::string events, std::string milliseconds = "0") {
    db.answer("get_queue_lag", {{std::move(events), std::move(milliseconds)}});
    return db;
}

}  // namespace

BOOST_AUTO_TEST_CASE(below_the_limit_it_looks_once_and_inserts) {
    scripted db;
    behind(db, "5").answer("insert_event", {{"1"}}).answer("insert_event", {{"2"}});
    pgq::producer out{db, "q", pgq::limit{.events = 10, .lag = 1s, .check_every = never}};
    BOOST_TEST(out.insert(event).value() == 1);
    BOOST_TEST(out.insert(event).value() == 2);
    BOOST_TEST(out.finish() == 2U);
    BOOST_TEST(out.dropped() == 0U);
    BOOST_TEST(db.log == (lines{looked, inserted, inserted}), per_element());
}

BOOST_AUTO_TEST_CASE(what_is_over_the_limit_is_dropped_and_counted) {
    scripted db;
    behind(db, "10");
    pgq::producer out{db, "q", pgq::limit{.events = 10, .then = pgq::on_limit::drop, .check_every = never}};
    BOOST_TEST(!out.insert(event).has_value());
    BOOST_TEST(!out.insert(event).has_value());
    BOOST_TEST(out.dropped() == 2U);
    BOOST_TEST(out.finish() == 0U);
    BOOST_TEST(db.log == lines{looked}, per_element());
}

BOOST_AUTO_TEST_CASE(its_own_events_count_too) {
    scripted db;
    behind(db, "8").answer("insert_event", {{"1"}}).answer("insert_event", {{"2"}});
    pgq::producer out{db, "q", pgq::limit{.events = 10, .then = pgq::on_limit::drop, .check_every = never}};
    BOOST_TEST(out.insert(event).has_value());
    BOOST_TEST(out.insert(event).has_value());
    BOOST_TEST(!out.insert(event).has_value());
}

BOOST_AUTO_TEST_CASE(a_failure_says_how_far_behind_they_are_and_is_transient) {
    scripted db;
    behind(db, "3", "1500");
    pgq::producer out{db, "q", pgq::limit{.lag = 1s, .then = pgq::on_limit::fail}};
    try {
        out.insert(event);
        BOOST_FAIL("stored");
    } catch (pgq::queue_full const& full) {
        BOOST_TEST(full.what() == "the consumers of queue \"q\" are 3 events and 1500 ms behind");
        BOOST_TEST(full.transient());
    }
}

BOOST_AUTO_TEST_CASE(block_waits_until_they_have_caught_up) {
    scripted db;
    for (auto const* const events : {"30", "20", "9"})
        behind(db, events);
    db.answer("insert_event", {{"1"}});
    pgq::producer out{db, "q", pgq::limit{.events = 10, .check_every = 1ms}};
    BOOST_TEST(out.insert(event).value() == 1);
    BOOST_TEST(db.log == (lines{looked, looked, looked, inserted}), per_element());
}

BOOST_AUTO_TEST_CASE(block_has_no_patience_for_ever_and_ends_on_stop) {
    scripted db;
    behind(db, "30");
    pgq::producer out{db, "q", pgq::limit{.events = 10, .check_every = never, .patience = 1ms}};
    BOOST_TEST(said_by<pgq::queue_full>([&] { out.insert(event); }).find("for as long as the producer has patience") !=
               std::string::npos);
    std::stop_source stop;
    stop.request_stop();
    behind(db, "30");
    pgq::producer ended{db, "q",
                        pgq::limit{.events = 10, .check_every = never, .patience = never, .stop = stop.get_token()}};
    BOOST_CHECK_THROW(ended.insert(event), pgq::stopped);
}

BOOST_AUTO_TEST_CASE(inside_a_transaction_it_does_not_wait) {
    scripted_session db;
    behind(db, "30");
    db.begin();
    pgq::producer out{db, "q", pgq::limit{.events = 10, .patience = never}};
    BOOST_TEST(said_by<pgq::queue_full>([&] { out.insert(event); }).ends_with("does not wait for that"));
}

BOOST_AUTO_TEST_CASE(around_another_policy_it_returns_what_that_returns) {
    scripted db;
    behind(db, "0").answer("insert_events", {{"2"}});
    pgq::producer bulk{db, "q", pgq::limit{.events = 10, .check_every = never}.around(pgq::insert_bulk{})};
    BOOST_TEST(bulk.insert(event));
    BOOST_TEST(bulk.insert(event));
    BOOST_TEST(bulk.finish() == 2U);
    behind(db, "0").answer("insert_event", {{"7", "4", "30"}});
    pgq::producer telling{db, "q", pgq::limit{.events = 10}.around(pgq::insert_with_lag{})};
    auto const told = telling.insert(event).value();
    BOOST_TEST(told.id == 7);
    BOOST_TEST(told.lag.events == 4U);
    BOOST_TEST((told.lag.time == 30ms));
}

BOOST_AUTO_TEST_CASE(an_older_pgq_is_an_error_that_says_what_to_do) {
    scripted db;
    db.fail("get_queue_lag",
            pgq::sql_error{"function pgq.get_queue_lag(unknown) does not exist", {.state = pgq::sqlstate{"42883"}}});
    pgq::producer out{db, "q", pgq::limit{.events = 10}};
    BOOST_TEST(said_by<pgq::usage_error>([&] { out.insert(event); }) ==
               "the PgQ of this database has no pgq.get_queue_lag; update the extension or take another insert policy");
}

BOOST_AUTO_TEST_SUITE_END()
