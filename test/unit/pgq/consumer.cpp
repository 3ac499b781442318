#include <pgq/consumer.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/stage/decode.hpp>
#include <pgq/stage/filter.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_consumer)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::event_row;
using support::order_placed;
using support::scripted;
using support::scripted_session;
using lines = std::vector<std::string>;

namespace {

pgq::subscription const orders{"orders", "billing"};
std::string const asks = "next_batch_custom <orders> <billing> <NULL> <NULL> <NULL>";

template <class Db = scripted> Db with_batch(std::vector<support::scripted_row> events, std::string const& from) {
    Db db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3000"}});
    db.answer(from, std::move(events));
    db.answer("finish_batch", {{"1"}});
    return db;
}

constexpr auto nobody_fails = [](order_placed const& order) {
    if (order.customer == "nobody") throw std::runtime_error{"no address"};
};
constexpr auto thrice = [](int retries, std::exception const&) {
    return retries < 2 ? std::optional<std::chrono::seconds>{60s} : std::nullopt;
};

}  // namespace

BOOST_AUTO_TEST_CASE(handles_an_event_without_a_database) {
    std::string billed;
    pgq::consumer const billing{orders, pgq::decode<order_placed>{},
                                pgq::filter{[](order_placed const& o) { return o.cents > 0; }},
                                [&](order_placed const& o) { billed = o.customer; }};
    BOOST_TEST((billing.handle(support::placed(support::anns_order)).what == pgq::outcome::kind::done));
    BOOST_TEST(billed == "ann");
    BOOST_TEST((billing.handle(support::placed("id=2&customer=bob&cents=0")).what == pgq::outcome::kind::skipped));
    BOOST_TEST(billed == "ann");
}

BOOST_AUTO_TEST_CASE(gives_nothing_when_there_is_no_batch) {
    scripted db;
    db.answer("next_batch_custom", {{std::nullopt, std::nullopt, std::nullopt, std::nullopt}});
    pgq::consumer billing{orders, [](pgq::event const&) {}};
    BOOST_TEST(!billing.step(db).has_value());
    BOOST_TEST(db.log == lines{asks}, per_element());
}

BOOST_AUTO_TEST_CASE(finishes_a_batch_after_its_events) {
    auto db = with_batch({event_row("1", "order.placed", std::string{support::anns_order}), event_row("2", "x", "")},
                         "get_batch_events");
    std::size_t said = 0;
    pgq::consumer billing{orders, pgq::decode<order_placed>{}, [&](order_placed const&) { said = db.log.size(); }};
    auto const report = billing.step(db);
    BOOST_REQUIRE(report.has_value());
    BOOST_TEST((report->batch.id == pgq::batch_id{7}));
    BOOST_TEST((report->counts == pgq::verdict_counts{.events = 2, .done = 1, .skipped = 1}));
    BOOST_TEST(said == 2);
    BOOST_TEST(db.log == (lines{asks, "get_batch_events <7>", "finish_batch <7>"}), per_element());
}

BOOST_AUTO_TEST_CASE(hands_failed_events_back_before_it_finishes) {
    auto db = with_batch({event_row("5", "order.placed", "id=5&customer=nobody&cents=9"),
                          event_row("6", "order.placed", "id=6&customer=nobody&cents=9", "1")},
                         "get_batch_events");
    db.answer("to_regprocedure('pgq.event_retry(bigint,bigint[],integer[])')", {{"t"}});
    pgq::consumer billing{orders, pgq::decode<order_placed>{}, pgq::retry{thrice}, nobody_fails};
    auto const report = billing.step(db);
    BOOST_TEST(report.value().counts.retried == 2);
    BOOST_TEST(db.log == (lines{asks, "get_batch_events <7>", "event_retry", "event_retry <7> <{5,6}> <{60,60}>",
                                "finish_batch <7>"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(hands_events_back_as_the_server_can) {
    for (std::string const takes_many : {"t", "f"}) {
        auto db = with_batch({event_row("5", "x", ""), event_row("6", "x", "")}, "get_batch_events");
        db.answer("to_regprocedure('pgq.event_retry(bigint,bigint[],integer[])')", {{takes_many}});
        db.answer(takes_many == "t" ? "pgq.event_retry($1, $2::bigint[], $3::integer[])"
                                    : "pgq.event_retry($1, one.id, one.seconds)",
                  {{"1"}});
        pgq::consumer later{orders, [](pgq::event const&) { return pgq::retry_in(9s); }};
        BOOST_TEST(later.step(db).value().counts.retried == 2);
        BOOST_TEST(db.unused() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(sets_given_up_events_aside_with_their_story) {
    pgq::consumer billing{orders, pgq::decode<order_placed>{}, pgq::retry{thrice}, [](order_placed const& order) {
                              throw std::runtime_error{"attempt " + std::to_string(order.id)};
                          }};
    auto first = with_batch({event_row("5", "order.placed", "id=1&customer=ann&cents=9", "1")}, "get_batch_events");
    BOOST_TEST(billing.step(first).value().counts.retried == 1);

    auto db = with_batch({event_row("5", "order.placed", "id=2&customer=ann&cents=9", "2")}, "get_batch_events");
    db.answer("get_queue_info", {{"1"}}).answer("insert_event", {{"99"}});
    BOOST_TEST(billing.step(db).value().counts.dead == 1);
    BOOST_TEST(db.log ==
                   (lines{asks, "get_batch_events <7>", "get_queue_info <orders.dead>",
                          "insert_event <orders.dead> <order.placed> <id=2&customer=ann&cents=9> <NULL> <NULL> <NULL> "
                          "<{\"queue\":\"orders\",\"consumer\":\"billing\",\"event\":5,\"attempts\":3,\"reason\":"
                          "\"attempt 2\",\"first_error\":\"attempt 1\",\"last_error\":\"attempt 2\"}>",
                          "finish_batch <7>"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(finishes_nothing_when_there_is_no_queue_for_dead_letters) {
    auto db = with_batch({event_row("5", "order.placed", "id=x")}, "get_batch_events");
    pgq::consumer billing{orders, pgq::decode<order_placed>{}, [](order_placed const&) {}};
    BOOST_CHECK_EXCEPTION(billing.step(db), pgq::usage_error, [](pgq::usage_error const& e) {
        return std::string{e.what()}.find("select pgq.create_queue('orders.dead')") != std::string::npos;
    });
    BOOST_TEST(db.log.back() == "get_queue_info <orders.dead>");
}

BOOST_AUTO_TEST_CASE(finishes_nothing_when_a_handler_throws) {
    auto db = with_batch<scripted_session>({event_row("5", "x", "y")}, "get_batch_events");
    pgq::consumer billing{orders, pgq::same_transaction{}, [](pgq::event const&) { throw std::runtime_error{"no"}; }};
    BOOST_CHECK_THROW(billing.step(db), std::runtime_error);
    BOOST_TEST(db.log == (lines{asks, "begin", "get_batch_events <7>", "rollback"}), per_element());
}

BOOST_AUTO_TEST_CASE(same_transaction_holds_effects_verdicts_and_finish) {
    auto db = with_batch<scripted_session>({event_row("5", "order.placed", std::string{support::anns_order}),
                                            event_row("6", "order.placed", "id=6&customer=nobody&cents=9")},
                                           "get_batch_events");
    pgq::consumer billing{orders,
                          pgq::same_transaction{},
                          pgq::decode<order_placed>{},
                          pgq::retry{thrice},
                          pgq::savepoint{},
                          [](order_placed const& order, pgq::transport auto& session) {
                              pgq::query(session, "bill", order.id);
                              nobody_fails(order);
                          }};
    BOOST_TEST(billing.step(db).value().counts.done == 1);
    BOOST_TEST(db.log == (lines{asks, "begin", "get_batch_events <7>", "savepoint pgq_event", "bill <1>",
                                "release savepoint pgq_event", "savepoint pgq_event", "bill <6>",
                                "rollback to savepoint pgq_event", "release savepoint pgq_event",
                                "event_retry <7> <{6}> <{60}>", "finish_batch <7>", "commit"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(at_least_once_handles_events_with_no_transaction_open) {
    auto db = with_batch<scripted_session>({event_row("5", "x", "y")}, "get_batch_events");
    pgq::consumer billing{orders, [&](pgq::event const&) { BOOST_TEST(!db.in_transaction()); }};
    BOOST_TEST(billing.step(db).value().counts.done == 1);
    BOOST_TEST(db.log == (lines{asks, "get_batch_events <7>", "begin", "finish_batch <7>", "commit"}), per_element());
}

BOOST_AUTO_TEST_CASE(a_batch_of_somebody_else_is_not_finished) {
    scripted_session db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3"}}).answer("finish_batch", {{"0"}});
    pgq::consumer billing{orders, pgq::same_transaction{}, [](pgq::event const&) {}};
    BOOST_CHECK_THROW(billing.step(db), pgq::fenced_error);
    BOOST_TEST(db.log.back() == "rollback");
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_a_batch_between_events) {
    auto db = with_batch<scripted_session>({event_row("5", "x", "y"), event_row("6", "x", "y")}, "get_batch_events");
    std::stop_source source;
    int handled = 0;
    pgq::consumer billing{orders, pgq::same_transaction{}, [&](pgq::event const&) {
                              ++handled;
                              source.request_stop();
                          }};
    BOOST_CHECK_THROW(billing.step(db, source.get_token()), pgq::stopped);
    BOOST_TEST(handled == 1);
    BOOST_TEST(db.log.back() == "rollback");
}

BOOST_AUTO_TEST_CASE(fetches_page_by_page_when_told_so) {
    auto db = with_batch<scripted_session>({event_row("5", "x", "y"), event_row("6", "x", "y")}, "get_batch_cursor");
    db.answer("fetch 2", {event_row("8", "x", "y")});
    std::vector<long> seen;
    pgq::consumer billing{orders, pgq::same_transaction{}, pgq::by_cursor{.rows = 2},
                          [&](pgq::event const& ev) { seen.push_back(ev.id); }};
    BOOST_TEST(billing.step(db).value().counts.events == 3);
    BOOST_TEST(seen == (std::vector<long>{5, 6, 8}), per_element());
    BOOST_TEST(db.log[3] == "fetch 2 from pgq_batch");
}

BOOST_AUTO_TEST_CASE(subscribes_and_makes_room_for_dead_letters) {
    scripted db;
    db.answer("register_consumer", {{"1"}}).answer("create_queue", {{"1"}}).answer("register_consumer", {{"1"}});
    pgq::consumer billing{orders, pgq::dead_letters{"bad.orders"}, [](pgq::event const&) {}};
    BOOST_TEST(billing.subscribe(db));
    BOOST_TEST(db.log == (lines{"register_consumer <orders> <billing>", "get_queue_info <bad.orders>",
                                "create_queue <bad.orders>", "register_consumer <bad.orders> <keeper>"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(a_batch_that_a_namesake_has_finished_is_not_ours_any_more) {
    for (auto const& [when, said] :
         std::vector<std::pair<std::string, std::string>>{{"get_batch_events", "batch not found"},
                                                          {"get_batch_events", "Cannot find data for batch 7"},
                                                          {"event_retry", "event not found"},
                                                          {"event_retry", "Cannot find data for batch 7"}}) {
        scripted db;
        db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
        if (when == "event_retry") db.answer("get_batch_events", {event_row("1", "x", "")});
        db.fail(when, pgq::sql_error{said, {.state = pgq::sqlstate{"P0001"}}});
        pgq::consumer billing{orders, [](pgq::event const&) { return pgq::retry_in(1s); }};
        BOOST_CHECK_THROW(billing.step(db), pgq::fenced_error);
    }
}

BOOST_AUTO_TEST_SUITE_END()
