#include <pgq/headers.hpp>
#include <pgq/producer.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_producer)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::said_by;
using support::scripted;
using lines = std::vector<std::string>;

namespace {

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::optional<std::string>, customer));
};

struct nothing_said {
    static constexpr std::string_view event_type = "nothing";
    BOOST_HANA_DEFINE_STRUCT(nothing_said);
};

}  // namespace

BOOST_AUTO_TEST_CASE(stores_a_typed_event_by_one_call_and_returns_its_id) {
    scripted db;
    db.answer("insert_event", {{"41"}});
    pgq::producer out{db, "orders"};
    BOOST_TEST(out.insert(order_placed{7, "a b"}) == 41);
    BOOST_TEST(db.log == lines{"insert_event <orders> <order.placed> <id=7&customer=a+b> <NULL> <NULL> <NULL> <NULL>"},
               per_element());
}

BOOST_AUTO_TEST_CASE(passes_extras_on) {
    scripted db;
    db.answer("insert_event", {{"1"}});
    pgq::producer out{db, "orders"};
    out.insert(order_placed{7, {}}, {"first", std::nullopt, "third", std::nullopt});
    BOOST_TEST(db.log == lines{"insert_event <orders> <order.placed> <id=7&customer> <first> <NULL> <third> <NULL>"},
               per_element());
}

BOOST_AUTO_TEST_CASE(stores_raw_events_with_null_and_empty_told_apart) {
    scripted db;
    db.answer("insert_event", {{"1"}}).answer("insert_event", {{"2"}}).answer("insert_event", {{"3"}});
    pgq::producer out{db, "q"};
    out.insert({.type = "t", .data = {}});
    out.insert({.type = "t", .data = ""});
    out.insert(nothing_said{});
    BOOST_TEST(db.log == (lines{"insert_event <q> <t> <NULL> <NULL> <NULL> <NULL> <NULL>",
                                "insert_event <q> <t> <> <NULL> <NULL> <NULL> <NULL>",
                                "insert_event <q> <nothing> <> <NULL> <NULL> <NULL> <NULL>"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(finish_counts_what_was_stored_since_the_last) {
    scripted db;
    db.answer("insert_event", {{"1"}}).answer("insert_event", {{"2"}}).answer("insert_event", {{"3"}});
    pgq::producer out{db, "q"};
    out.insert({.type = "a"});
    out.insert({.type = "b"});
    BOOST_TEST(out.finish() == 2U);
    out.insert({.type = "c"});
    BOOST_TEST(out.finish() == 1U);
    BOOST_TEST(out.finish() == 0U);
}

BOOST_AUTO_TEST_CASE(an_unknown_queue_is_an_error_that_says_what_to_do) {
    scripted db;
    db.fail("insert_event",
            pgq::sql_error{"No such queue", {.state = pgq::sqlstate{"XX000"}, .transaction_aborted = true}});
    pgq::producer out{db, "ordres"};
    try {
        out.insert({.type = "a"});
        BOOST_FAIL("stored");
    } catch (pgq::usage_error const& problem) {
        BOOST_TEST(problem.what() ==
                   "queue \"ordres\" does not exist; create it by: select pgq.create_queue('ordres')");
        BOOST_TEST(problem.transaction_aborted());
    }
}

BOOST_AUTO_TEST_CASE(a_database_without_pgq_is_an_error_that_says_what_to_do) {
    scripted db;
    db.fail("insert_event", pgq::sql_error{"schema \"pgq\" does not exist", {.state = pgq::sqlstate{"3F000"}}});
    pgq::producer out{db, "orders"};
    BOOST_TEST(said_by<pgq::usage_error>([&] { out.insert({.type = "a"}); }) ==
               "this database has no PgQ; install it by: create extension pgq");
}

BOOST_AUTO_TEST_CASE(other_refusals_pass_through) {
    scripted db;
    db.fail("insert_event", pgq::sql_error{"Insert into queue disallowed", {.state = pgq::sqlstate{"XX000"}}});
    pgq::producer out{db, "orders"};
    BOOST_TEST(said_by<pgq::sql_error>([&] { out.insert({.type = "a"}); }) == "Insert into queue disallowed");
}

BOOST_AUTO_TEST_CASE(a_delayed_event_goes_by_a_call_of_its_own) {
    scripted db;
    db.answer("insert_event_after", {{"7"}}).answer("insert_event_after", {{"8"}}).answer("cancel", {{"1"}});
    pgq::producer out{db, "q"};
    BOOST_TEST(pgq::number(out.insert(order_placed{7, {}}, pgq::deliver_after{10s})) == 7);
    auto const at = pgq::deliver_after{pgq::system_time{pgq::postgres_epoch}};
    auto const id = out.insert({.type = "t"}, at);
    BOOST_TEST(out.cancel(id));
    BOOST_TEST(out.finish() == 0U);
    BOOST_TEST(db.log == (lines{"insert_event_after <q> <NULL> <10000000 microseconds> <order.placed> <id=7&customer> "
                                "<NULL> <NULL> <NULL> <NULL>",
                                "insert_event_after <q> <2000-01-01 00:00:00+00> <NULL> <t> <NULL> <NULL> <NULL> "
                                "<NULL> <NULL>",
                                "cancel_delayed_event <q> <8>"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(an_event_that_goes_in_once_says_whether_it_did) {
    scripted db;
    db.answer("insert_event_once", {{"7", "t"}}).answer("insert_event_once", {{"7", "f"}});
    pgq::producer out{db, "q"};
    auto const first = out.insert_once("key", 1h, order_placed{7, {}}, pgq::headers{{"a", "b"}});
    auto const second = out.insert_once("key", 1h, {.type = "t"});
    BOOST_TEST((first.id == 7 && first.fresh && second.id == 7 && !second.fresh));
    BOOST_TEST(db.log.front() ==
               "insert_event_once <q> <key> <3600000 milliseconds> <order.placed> <id=7&customer> <NULL> <NULL> <a=b> "
               "<NULL>");
}

BOOST_AUTO_TEST_CASE(an_older_pgq_says_that_it_must_be_updated) {
    scripted db;
    db.fail("insert_event_once", pgq::sql_error{"function pgq.insert_event_once(unknown) does not exist",
                                                {.state = pgq::sqlstate{"42883"}}});
    pgq::producer out{db, "q"};
    BOOST_TEST(
        said_by<pgq::usage_error>([&] { out.insert_once("key", 1h, {.type = "t"}); }) ==
        "the PgQ of this database has no pgq.insert_event_once; update the extension: alter extension pgq update");
}

BOOST_AUTO_TEST_SUITE_END()
