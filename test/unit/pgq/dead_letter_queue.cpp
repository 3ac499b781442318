#include <pgq/dead_letter_queue.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>
#include <support/scripted.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_dead_letter_queue)

using boost::test_tools::per_element;
using support::said_by;
using support::scripted_session;
using lines = std::vector<std::string>;

namespace {

support::scripted_row row(std::string id, std::optional<std::string> story) {
    auto made = support::event_row(std::move(id), "type", "data");
    made.back() = std::move(story);
    return made;
}

constexpr auto story = R"({"queue":"q","consumer":"c","event":7,"attempts":3,"reason":"r","first_error":"f",)"
                       R"("last_error":"l","extra4":"four","added later":[1]})";

}  // namespace

BOOST_AUTO_TEST_CASE(a_story_is_read_and_what_is_none_is_kept_as_it_is) {
    scripted_session db;
    db.answer("get_waiting_events", {row("1", story), row("2", "no story"), row("3", std::nullopt), row("4", "{}")});
    auto const letters = pgq::dead_letter_queue{db, "q.dead"}.list(10);
    BOOST_REQUIRE(letters.size() == 4U);
    BOOST_TEST(letters[0].story.value().event == 7);
    BOOST_TEST(letters[0].extra[3].value() == "four");
    BOOST_TEST((!letters[1].story && letters[1].extra[3] == "no story"));
    BOOST_TEST((!letters[2].story && !letters[2].extra[3]));
    BOOST_TEST((!letters[3].story && letters[3].extra[3] == "{}"));
}

BOOST_AUTO_TEST_CASE(a_replay_takes_and_inserts_in_one_transaction) {
    scripted_session db;
    db.answer("take_waiting_events", {row("1", story)}).answer("insert_event_raw", {{"7"}});
    pgq::dead_letter_queue letters{db, "q.dead"};
    BOOST_TEST(letters.replay(1));
    BOOST_TEST(db.log == (lines{"begin", "take_waiting_events <q.dead> <keeper> <{1}>",
                                "insert_event_raw <q> <c> <7> <2026-01-02 03:04:05+00> <type> <data> <NULL> <NULL> "
                                "<NULL> <four>",
                                "commit"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(a_failure_rolls_back) {
    scripted_session db;
    db.answer("take_waiting_events", {row("1", "no story")});
    BOOST_TEST(said_by<pgq::usage_error>([&] {
                   pgq::dead_letter_queue{db, "q.dead"}.replay(1);
               }) == "letter 1 does not tell where it came from: it can be read and purged, not replayed");
    BOOST_TEST(db.log == (lines{"begin", "take_waiting_events <q.dead> <keeper> <{1}>", "rollback"}), per_element());
}

BOOST_AUTO_TEST_CASE(an_older_pgq_says_that_it_must_be_updated) {
    scripted_session db;
    db.fail("get_waiting_events", pgq::sql_error{"function pgq.get_waiting_events(unknown) does not exist",
                                                 {.state = pgq::sqlstate{"42883"}}});
    BOOST_TEST(said_by<pgq::usage_error>([&] {
                   static_cast<void>(pgq::dead_letter_queue{db, "q.dead"}.list());
               }) ==
               "the PgQ of this database cannot list and replay letters; update it by: alter extension pgq update");
}

BOOST_AUTO_TEST_SUITE_END()
