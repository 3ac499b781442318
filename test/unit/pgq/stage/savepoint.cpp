#include <pgq/policy/backoff.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_stage_savepoint)

using lines = std::vector<std::string>;
using boost::test_tools::per_element;

BOOST_AUTO_TEST_CASE(keeps_what_was_done) {
    support::scripted db;
    auto const write = [](int, pgq::transport auto& session) { pgq::query(session, "update"); };
    static_cast<void>(pgq::detail::pass(1, pgq::event{}, db, pgq::savepoint{}, write));
    BOOST_TEST(db.log == (lines{"savepoint pgq_event", "update", "release savepoint pgq_event"}), per_element());
}

BOOST_AUTO_TEST_CASE(undoes_what_is_to_come_again) {
    for (auto const& verdict : {pgq::retry_in(std::chrono::seconds{1}), pgq::dead_letter("no")}) {
        support::scripted db;
        auto const write = [&](int, pgq::transport auto& session) {
            pgq::query(session, "update");
            return pgq::outcome{verdict};
        };
        static_cast<void>(pgq::detail::pass(1, pgq::event{}, db, pgq::savepoint{}, write));
        BOOST_TEST(db.log == (lines{"savepoint pgq_event", "update", "rollback to savepoint pgq_event",
                                    "release savepoint pgq_event"}),
                   per_element());
    }
}

BOOST_AUTO_TEST_CASE(lets_retry_take_a_failed_statement) {
    support::scripted db;
    db.fail("update",
            pgq::sql_error{"deadlock detected", {.state = pgq::sqlstate{"40P01"}, .transaction_aborted = true}});
    auto const write = [](int, pgq::transport auto& session) { pgq::query(session, "update"); };
    auto const verdict = pgq::detail::pass(1, pgq::event{}, db, pgq::retry{pgq::fixed{}}, pgq::savepoint{}, write);
    BOOST_TEST((verdict.what == pgq::outcome::kind::retry));
    BOOST_TEST(verdict.reason == "deadlock detected");
    BOOST_TEST(db.log.back() == "release savepoint pgq_event");
}

BOOST_AUTO_TEST_CASE(undoes_the_effects_of_any_exception) {
    support::scripted db;
    auto const write = [](int, pgq::transport auto& session) {
        pgq::query(session, "update");
        throw std::runtime_error{"after the update"};
    };
    auto const verdict = pgq::detail::pass(1, pgq::event{}, db, pgq::retry{pgq::fixed{}}, pgq::savepoint{}, write);
    BOOST_TEST((verdict.what == pgq::outcome::kind::retry));
    BOOST_TEST(db.log[2] == "rollback to savepoint pgq_event");
}

BOOST_AUTO_TEST_CASE(says_nothing_on_a_lost_connection) {
    support::scripted db;
    db.fail("update", pgq::connection_error{"gone", {.connection_lost = true}});
    auto const write = [](int, pgq::transport auto& session) { pgq::query(session, "update"); };
    BOOST_CHECK_THROW(static_cast<void>(pgq::detail::pass(1, pgq::event{}, db, pgq::savepoint{}, write)),
                      pgq::connection_error);
    BOOST_TEST(db.log == (lines{"savepoint pgq_event", "update"}), per_element());
}

BOOST_AUTO_TEST_CASE(does_nothing_without_a_transaction) {
    pgq::no_session none;
    int seen = 0;
    static_cast<void>(pgq::detail::pass(1, pgq::event{}, none, pgq::savepoint{}, [&](int in) { seen = in; }));
    BOOST_TEST(seen == 1);
}

BOOST_AUTO_TEST_SUITE_END()
