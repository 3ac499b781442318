#include <pgq/ticker.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_ticker)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::scripted;
using lines = std::vector<std::string>;

namespace {

std::chrono::steady_clock::time_point const start{1h};
auto const unexpected = [](std::string_view queue, pgq::error const& problem) {
    BOOST_ERROR(std::string{queue} + ": " + problem.what());
};

/// Columns: standby, pgq there, ticks on demand, database.
scripted found(std::string standby, std::string present, std::string on_demand = "f") {
    scripted db;
    db.answer("pg_is_in_recovery", {{std::move(standby), std::move(present), std::move(on_demand), "app"}});
    return db;
}

scripted& leading(scripted& db, std::string version = "3.5") {
    return db.answer("pgq.version()", {{std::move(version)}}).answer("pg_try_advisory_lock", {{"t"}});
}

std::size_t count(scripted const& db, std::string_view what) {
    return static_cast<std::size_t>(std::count(db.log.begin(), db.log.end(), what));
}

}  // namespace

BOOST_AUTO_TEST_CASE(ticks_once_per_period_when_it_is_the_only_one) {
    auto db = found("f", "t");
    leading(db).answer("pgq.ticker()", {{"2"}}).answer("pgq.ticker()", {{"0"}});
    pgq::ticker ticker{db, {.period = 1s}};
    BOOST_TEST((ticker.step(start, unexpected) == start + 1s));
    BOOST_TEST((ticker.role() == pgq::ticker_role::active));
    BOOST_TEST((ticker.step(start + 500ms, unexpected) == start + 1s));
    BOOST_TEST(count(db, "ticker") == 1U);
    BOOST_TEST((ticker.step(start + 1s, unexpected) == start + 2s));
    BOOST_TEST(count(db, "ticker") == 2U);
    BOOST_TEST(ticker.passes() == 2U);
}

BOOST_AUTO_TEST_CASE(stands_by_while_another_is_active_and_takes_over) {
    auto db = found("f", "t");
    db.answer("pgq.version()", {{"3.5"}}).answer("pg_try_advisory_lock", {{"f"}});
    pgq::ticker ticker{db, {.standby = 2s}};
    BOOST_TEST((ticker.step(start, unexpected) == start + 2s));
    BOOST_TEST((ticker.role() == pgq::ticker_role::second));
    BOOST_TEST(count(db, "ticker") == 0U);
    db.answer("pg_is_in_recovery", {{"f", "t", "f", "app"}});
    leading(db).answer("pgq.ticker()", {{"0"}});
    ticker.step(start + 2s, unexpected);
    BOOST_TEST((ticker.role() == pgq::ticker_role::active));
    BOOST_TEST(count(db, "ticker") == 1U);
}

BOOST_AUTO_TEST_CASE(does_nothing_on_a_standby_without_pgq_or_with_an_old_one) {
    auto standby = found("t", "t");
    pgq::ticker one{standby};
    one.step(start, unexpected);
    BOOST_TEST((one.role() == pgq::ticker_role::standby));
    BOOST_TEST(standby.log.size() == 1U);

    auto missing = found("f", "f");
    pgq::ticker two{missing};
    two.step(start, unexpected);
    BOOST_TEST((two.role() == pgq::ticker_role::missing_pgq));
    BOOST_TEST(missing.log.size() == 1U);

    auto old = found("f", "t");
    old.answer("pgq.version()", {{"2.1.12"}});
    pgq::ticker three{old};
    three.step(start, unexpected);
    BOOST_TEST((three.role() == pgq::ticker_role::old_pgq));
    BOOST_TEST(count(old, "ticker") == 0U);
}

BOOST_AUTO_TEST_CASE(takes_versions_by_number_not_by_first_character) {
    for (auto const& [version, ok] : {std::pair{"10.1", true}, {"3.5.2", true}, {"2.9", false}, {"0.1", false}}) {
        auto db = found("f", "t");
        leading(db, version).answer("pgq.ticker()", {{"0"}});
        pgq::ticker ticker{db};
        ticker.step(start, unexpected);
        BOOST_TEST((ticker.role() == pgq::ticker_role::active) == ok, version);
    }
}

BOOST_AUTO_TEST_CASE(a_failing_queue_does_not_stop_the_others) {
    auto db = found("f", "t");
    leading(db).fail("pgq.ticker()", pgq::sql_error{"Invalid PgQ state", {.state = pgq::sqlstate{"P0001"}}});
    db.answer("queue_event_seq", {{"bad", "101", "5"}, {"good", "102", "6"}});
    db.fail("pgq.ticker($1", pgq::sql_error{"Invalid PgQ state", {.state = pgq::sqlstate{"P0001"}}});
    db.answer("pgq.ticker($1", {{"9"}});
    pgq::ticker ticker{db};
    lines failures;
    ticker.step(start, [&](std::string_view queue, pgq::error const&) { failures.emplace_back(queue); });
    BOOST_TEST(failures == lines{"bad"}, per_element());
    BOOST_TEST(count(db, "ticker <good>") == 1U);
}

BOOST_AUTO_TEST_CASE(a_pass_delivers_what_was_delayed_and_goes_on_when_that_fails) {
    auto db = found("f", "t", "t");
    leading(db, "4.0")
        .answer("pgq.ticker()", {{"0"}})
        .answer("maint_delayed", {{"500"}})
        .answer("maint_delayed", {{"0"}});
    auto const nothing_written = [&] {
        db.answer("pg_current_wal_insert_lsn", {{"0/1", "700", std::nullopt, std::nullopt}});
    };
    pgq::ticker ticker{db, {.period = 1s}};
    nothing_written();
    ticker.step(start, unexpected);
    BOOST_TEST(count(db, "maint_delayed_events") == 2U);
    db.answer("pgq.ticker()", {{"0"}});
    db.fail("maint_delayed", pgq::sql_error{"permission denied", {.state = pgq::sqlstate{"42501"}}});
    nothing_written();
    lines failures;
    ticker.step(start + 1s, [&](std::string_view what, pgq::error const&) { failures.emplace_back(what); });
    BOOST_TEST(failures == lines{"(delayed events)"}, per_element());
    BOOST_TEST(ticker.passes() == 2U);
}

BOOST_AUTO_TEST_CASE(a_lost_session_is_the_callers_business) {
    auto db = found("f", "t");
    leading(db).fail("pgq.ticker()", pgq::connection_error{"server closed the connection", {.connection_lost = true}});
    pgq::ticker ticker{db};
    BOOST_CHECK_THROW(ticker.step(start, unexpected), pgq::connection_error);
}

BOOST_AUTO_TEST_SUITE_END()
