#include <pgq/batch.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_batch)

using boost::test_tools::per_element;
using support::event_row;
using support::scripted_session;
using lines = std::vector<std::string>;

namespace {

using batch = pgq::batch<scripted_session, pgq::subscription, pgq::whole_batch>;
static_assert(std::ranges::input_range<batch>);
static_assert(std::is_nothrow_move_constructible_v<batch> && !std::is_copy_constructible_v<batch>);

pgq::subscription const orders{"orders", "billing"};

scripted_session with_batch() {
    scripted_session db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
    db.answer("get_batch_events", {event_row("1", "a", "x"), event_row("2", "b", "y"), event_row("3", "a", "z")});
    db.answer("finish_batch", {{"1"}});
    return db;
}

}  // namespace

BOOST_AUTO_TEST_CASE(is_a_range_that_views_work_on) {
    auto db = with_batch();
    auto found = pgq::open_batch(db, orders);
    BOOST_REQUIRE(found.has_value());
    std::string data;
    auto const of_type_a = [](pgq::event const& ev) { return ev.type == "a"; };
    for (auto const& ev : std::views::filter(*found, of_type_a))
        data += ev.data;
    BOOST_TEST(data == "xz");
}

BOOST_AUTO_TEST_CASE(verdicts_and_finish_go_together) {
    auto db = with_batch();
    auto found = pgq::open_batch(db, orders);
    for (auto const& ev : *found) {
        if (ev.id == 2) found->retry(ev, std::chrono::seconds{30});
    }
    found->finish();
    BOOST_TEST(db.log == (lines{"next_batch_custom <orders> <billing> <NULL> <NULL> <NULL>", "get_batch_events <7>",
                                "begin", "event_retry <7> <{2}> <{30}>", "finish_batch <7>", "commit"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(is_finished_at_most_once) {
    auto db = with_batch();
    auto found = pgq::open_batch(db, orders);
    found->finish();
    BOOST_CHECK_THROW(found->finish(), pgq::usage_error);
}

BOOST_AUTO_TEST_CASE(joins_the_callers_transaction) {
    auto db = with_batch();
    auto found = pgq::open_batch(db, orders);
    db.begin();
    found->finish();
    BOOST_TEST(db.in_transaction());
}

BOOST_AUTO_TEST_CASE(can_be_moved_and_then_is_empty) {
    auto db = with_batch();
    auto found = pgq::open_batch(db, orders);
    auto moved = std::move(*found);
    BOOST_CHECK_THROW(found->finish(), pgq::usage_error);
    int events = 0;
    for ([[maybe_unused]] auto const& ev : moved)
        ++events;
    BOOST_TEST(events == 3);
    BOOST_CHECK_THROW(static_cast<void>(moved.begin()), pgq::usage_error);
    moved.finish();
    BOOST_TEST(db.log.back() == "commit");
}

BOOST_AUTO_TEST_CASE(there_may_be_none) {
    scripted_session db;
    db.answer("next_batch_custom", {{std::nullopt, std::nullopt, std::nullopt, std::nullopt}});
    BOOST_TEST(!pgq::open_batch(db, orders).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
