#include <pgq/policy/insert_bulk.hpp>
#include <pgq/producer.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>
#include <support/scripted.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_insert_bulk)

using boost::test_tools::per_element;
using support::said_by;
using support::scripted;
using lines = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(sends_arrays_when_enough_has_come_and_at_the_end) {
    scripted db;
    db.answer("insert_events", {{"2"}}).answer("insert_events", {{"1"}});
    pgq::producer out{db, "orders", pgq::insert_bulk{.rows = 2}};
    out.insert({.type = "a", .data = "x"});
    out.insert({.type = "b", .data = {}});
    out.insert({.type = "c\"\\", .data = "{,}"});
    BOOST_TEST(out.finish() == 3U);
    BOOST_TEST(db.log == (lines{R"(insert_events <orders> <{"a","b"}> <{"x",NULL}>)",
                                R"(insert_events <orders> <{"c\"\\"}> <{"{,}"}>)"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(refuses_extras) {
    scripted db;
    pgq::producer out{db, "orders", pgq::insert_bulk{}};
    BOOST_CHECK_THROW(out.insert({.type = "a", .extra = {"x"}}), pgq::usage_error);
}

BOOST_AUTO_TEST_CASE(says_so_when_the_server_has_no_such_function) {
    scripted db;
    db.fail("insert_events", pgq::sql_error{"function pgq.insert_events(unknown, text[], text[]) does not exist",
                                            {.state = pgq::sqlstate{"42883"}}});
    pgq::producer out{db, "orders", pgq::insert_bulk{}};
    out.insert({.type = "a"});
    BOOST_TEST(said_by<pgq::usage_error>([&] { out.finish(); }) ==
               "the PgQ of this database has no pgq.insert_events; update the extension or take another insert policy");
}

BOOST_AUTO_TEST_SUITE_END()
