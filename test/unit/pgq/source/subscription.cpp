#include <pgq/source/subscription.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(pgq_source_subscription)

using namespace std::chrono_literals;
using support::scripted;

namespace {

static_assert(pgq::batch_source<pgq::subscription, scripted>);
static_assert(!pgq::batch_source<int, scripted>);

pgq::sql_error raised(std::string const& text, std::string_view state = "P0001") {
    return pgq::sql_error{text, {.state = pgq::sqlstate{state}}};
}

auto says(std::string text) {
    return [text = std::move(text)](pgq::error const& e) {
        BOOST_TEST_MESSAGE(e.what());
        return std::string{e.what()}.find(text) != std::string::npos;
    };
}

pgq::subscription const orders{"orders", "billing"};

}  // namespace

BOOST_AUTO_TEST_CASE(asks_with_its_wishes) {
    scripted db;
    db.answer("next_batch_custom", {{"7", "20", "19", std::nullopt}});
    pgq::subscription const patient{
        .queue = "orders", .consumer = "billing", .wishes = {.min_lag = 5s, .min_count = 100, .min_interval = 1500ms}};
    auto const found = patient.next(db);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST((found->tick == pgq::tick_id{20} && found->previous_tick == pgq::tick_id{19}));
    BOOST_TEST(!found->events_at_most.has_value());
    BOOST_TEST(db.log.back() == "next_batch_custom <orders> <billing> <5000 milliseconds> <100> <1500 milliseconds>");
}

BOOST_AUTO_TEST_CASE(says_how_to_create_a_queue_that_is_not_there) {
    scripted db;
    db.fail("next_batch_custom", raised("Not subscriber to queue: orders/billing"));
    BOOST_CHECK_EXCEPTION(orders.next(db), pgq::usage_error, says("select pgq.create_queue('orders')"));
}

BOOST_AUTO_TEST_CASE(says_how_to_subscribe) {
    scripted db;
    db.fail("next_batch_custom", raised("Not subscriber to queue: orders/billing")).answer("get_queue_info", {{"1"}});
    BOOST_CHECK_EXCEPTION(orders.next(db), pgq::usage_error, says("select pgq.register_consumer('orders', 'billing')"));
}

BOOST_AUTO_TEST_CASE(says_when_there_is_no_pgq) {
    scripted db;
    db.fail("next_batch_custom", raised("schema \"pgq\" does not exist", "3F000"));
    BOOST_CHECK_EXCEPTION(orders.next(db), pgq::usage_error, says("create extension pgq"));
}

BOOST_AUTO_TEST_CASE(says_when_pgq_is_too_old) {
    scripted db;
    db.fail("next_batch_custom", raised("function pgq.next_batch_custom(...) does not exist", "42883"));
    BOOST_CHECK_EXCEPTION(orders.next(db), pgq::usage_error, says("too old"));
}

BOOST_AUTO_TEST_CASE(leaves_other_refusals_as_they_are) {
    scripted db;
    db.fail("next_batch_custom", raised("permission denied", "42501"));
    BOOST_CHECK_EXCEPTION(orders.next(db), pgq::sql_error, says("permission denied"));
}

BOOST_AUTO_TEST_CASE(finishing_a_batch_of_others_is_a_fenced_error) {
    scripted db;
    db.answer("finish_batch", {{"0"}}).answer("finish_batch", {{"1"}});
    BOOST_CHECK_EXCEPTION(orders.finish(db, pgq::batch_id{7}), pgq::fenced_error,
                          says("batch 7 of consumer \"billing\""));
    orders.finish(db, pgq::batch_id{7});
}

BOOST_AUTO_TEST_CASE(subscribing_to_an_unknown_queue_says_what_to_do) {
    scripted db;
    db.fail("register_consumer", raised("Event queue not created yet"));
    BOOST_CHECK_EXCEPTION(orders.subscribe(db), pgq::usage_error, says("there is no queue \"orders\""));
}

BOOST_AUTO_TEST_SUITE_END()
