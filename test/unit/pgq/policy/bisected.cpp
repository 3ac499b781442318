#include <pgq/consumer.hpp>
#include <pgq/policy/bisected.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_bisected)

using boost::test_tools::per_element;
using support::event_row;
using support::scripted_session;
using lines = std::vector<std::string>;

namespace {

pgq::subscription const orders{"orders", "billing"};

using text = std::optional<std::string>;

/// Three events in a batch of which so much is known; marks are good.
scripted_session with_attempt(text deaths, text place = {}, text place_deaths = "0", int marks = 10) {
    scripted_session db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
    db.answer("begin_attempt", {{deaths, place, place_deaths}});
    db.answer("get_batch_events", {event_row("1", "x", ""), event_row("2", "x", ""), event_row("3", "x", "")});
    for (int i = 0; i < marks; ++i)
        db.answer("mark_attempt", {{"t"}});
    db.answer("leave_attempt", {{"t"}});
    db.answer("get_queue_info", {{"1"}});
    db.answer("insert_event", {{"9"}});
    db.answer("finish_batch", {{"1"}});
    return db;
}

/// What was said, without values, the worker's name among them.
lines said(scripted_session const& db) {
    lines names;
    for (auto const& line : db.log) {
        auto const name = line.substr(0, line.find(" <"));
        names.push_back(name == "mark_attempt" ? name + line.substr(line.rfind(" <")) : name);
    }
    return names;
}

struct seen {
    std::vector<std::int64_t>& ids;
    void operator()(pgq::event const& ev) const { ids.push_back(ev.id); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(costs_one_statement_when_nothing_died) {
    auto db = with_attempt("1");
    std::vector<std::int64_t> ids;
    pgq::consumer billing{orders, pgq::bisected{}, seen{ids}};
    BOOST_TEST(billing.step(db).value().counts.done == 3);
    BOOST_TEST(said(db) ==
                   (lines{"next_batch_custom", "begin_attempt", "get_batch_events", "begin", "finish_batch", "commit"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(takes_a_batch_apart_that_has_killed_enough) {
    auto db = with_attempt("2");
    std::vector<std::int64_t> ids;
    pgq::consumer billing{orders, pgq::bisected{}, seen{ids}};
    BOOST_TEST(billing.step(db).value().counts.done == 3);
    BOOST_TEST(said(db) == (lines{"next_batch_custom", "begin_attempt", "get_batch_events", "mark_attempt <0>", "begin",
                                  "mark_attempt <1>", "commit", "begin", "mark_attempt <2>", "commit", "begin",
                                  "mark_attempt <3>", "commit", "begin", "finish_batch", "commit"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(goes_on_where_the_last_one_died) {
    auto db = with_attempt("3", "1", "1");
    std::vector<std::int64_t> ids;
    pgq::consumer billing{orders, pgq::same_transaction{}, pgq::bisected{}, seen{ids}};
    BOOST_TEST(billing.step(db).value().counts.done == 2);
    BOOST_TEST(ids == (std::vector<std::int64_t>{2, 3}), per_element());
}

BOOST_AUTO_TEST_CASE(sets_the_event_aside_that_has_killed_enough) {
    auto db = with_attempt("4", "1", "2");
    std::vector<std::int64_t> ids;
    pgq::consumer billing{orders, pgq::bisected{}, seen{ids}};
    auto const counts = billing.step(db).value().counts;
    BOOST_TEST((counts == pgq::verdict_counts{.events = 2, .done = 1, .dead = 1}));
    BOOST_TEST(ids == (std::vector<std::int64_t>{3}), per_element());
    auto const letter =
        std::find_if(db.log.begin(), db.log.end(), [](auto const& line) { return line.starts_with("insert_event"); });
    BOOST_REQUIRE((letter != db.log.end()));
    BOOST_TEST(letter->find("its handler ended the process 2 times") != letter->npos);
}

BOOST_AUTO_TEST_CASE(who_unwinds_says_so) {
    for (auto const* const deaths : {"0", "2"}) {
        auto db = with_attempt(deaths);
        pgq::consumer billing{orders, pgq::same_transaction{}, pgq::bisected{},
                              [](pgq::event const&) -> void { throw std::runtime_error{"no"}; }};
        BOOST_CHECK_THROW(billing.step(db), std::runtime_error);
        BOOST_TEST(said(db).back() == "leave_attempt");
        BOOST_TEST(!db.in_transaction());
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_was_replaced_has_no_effects) {
    auto db = with_attempt("2", {}, "0", 1);
    db.answer("mark_attempt", {{"f"}});
    std::vector<std::int64_t> ids;
    pgq::consumer billing{orders, pgq::bisected{}, seen{ids}};
    BOOST_CHECK_THROW(billing.step(db), pgq::fenced_error);
    BOOST_TEST(ids.size() == 1);
    auto const all = said(db);
    BOOST_TEST(std::count(all.begin(), all.end(), "commit") == 0);
    BOOST_TEST(std::count(all.begin(), all.end(), "rollback") == 1);
}

BOOST_AUTO_TEST_CASE(an_older_server_is_named) {
    scripted_session db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
    db.fail("begin_attempt", pgq::sql_error{"no function", {.state = pgq::sqlstate{"42883"}}});
    pgq::consumer billing{orders, pgq::bisected{}, [](pgq::event const&) {}};
    BOOST_CHECK_THROW(billing.step(db), pgq::usage_error);
    BOOST_CHECK_THROW((pgq::consumer{orders, pgq::bisected{.batch_deaths = 0}, [](pgq::event const&) {}}),
                      pgq::usage_error);
}

BOOST_AUTO_TEST_SUITE_END()
