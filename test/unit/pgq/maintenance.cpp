#include <pgq/maintenance.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_maintenance)

using boost::test_tools::per_element;
using support::scripted;
using lines = std::vector<std::string>;

namespace {

scripted with_pgq() {
    scripted db;
    db.answer("pg_is_in_recovery", {{"f", "t", "t", "app"}});
    db.answer("pg_try_advisory_lock", {{"t"}});
    return db;
}

/// The log without what every run begins and ends with.
lines operations(scripted const& db) {
    return db.log.size() < 4 ? lines{} : lines(db.log.begin() + 3, db.log.end() - 1);
}

auto const unexpected = [](pgq::sql::maint_operation const& operation, pgq::error const& problem) {
    BOOST_ERROR(operation.function + ": " + problem.what());
};

}  // namespace

BOOST_AUTO_TEST_CASE(does_what_the_server_lists_in_order) {
    auto db = with_pgq();
    db.answer("maint_operations", {{"pgq.maint_rotate_tables_step1", "orders"},
                                   {"pgq.maint_rotate_tables_step2", std::nullopt},
                                   {"vacuum analyze", "pgq.tick"}});
    BOOST_TEST(pgq::maintenance{db}.run(unexpected) == 3U);
    BOOST_TEST(operations(db) == (lines{"maint_rotate_tables_step1 <orders>", "maint_rotate_tables_step2",
                                        "vacuum analyze pgq.tick"}),
               per_element());
    BOOST_TEST(db.log.back().starts_with("select pg_advisory_unlock"));
}

BOOST_AUTO_TEST_CASE(a_failing_operation_does_not_stop_the_others) {
    auto db = with_pgq();
    db.answer("maint_operations",
              {{"pgq.maint_rotate_tables_step1", "bad"}, {"pgq.maint_rotate_tables_step1", "good"}});
    db.fail("step1", pgq::sql_error{"queue bad maint failure", {.state = pgq::sqlstate{"P0001"}}});
    lines failures;
    auto const done =
        pgq::maintenance{db}.run([&](pgq::sql::maint_operation const& operation, pgq::error const& problem) {
            failures.push_back(operation.argument.value_or("") + ": " + problem.what());
        });
    BOOST_TEST(done == 1U);
    BOOST_TEST(failures == lines{"bad: queue bad maint failure"}, per_element());
    BOOST_TEST(operations(db) == (lines{"maint_rotate_tables_step1 <bad>", "maint_rotate_tables_step1 <good>"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(repeats_what_asks_for_it) {
    auto db = with_pgq();
    db.answer("maint_operations", {{"app.tidy", "orders"}});
    db.answer("app.tidy", {{"5"}}).answer("app.tidy", {{"1"}}).answer("app.tidy", {{"0"}});
    pgq::maintenance{db}.run(unexpected);
    BOOST_TEST(operations(db).size() == 3U);
}

BOOST_AUTO_TEST_CASE(calls_nothing_that_is_not_a_name) {
    auto db = with_pgq();
    db.answer("maint_operations", {{"drop table t; select f", "orders"}, {"vacuum", "t; drop table t"}});
    std::size_t failures = 0;
    pgq::maintenance{db}.run([&](auto const&, pgq::error const&) { ++failures; });
    BOOST_TEST(failures == 2U);
    BOOST_TEST(operations(db).empty());
}

BOOST_AUTO_TEST_CASE(leaves_the_work_to_another_that_has_begun) {
    scripted db;
    db.answer("pg_is_in_recovery", {{"f", "t", "t", "app"}}).answer("pg_try_advisory_lock", {{"f"}});
    BOOST_TEST(pgq::maintenance{db}.run(unexpected) == 0U);
    BOOST_TEST(db.log.size() == 2U);
}

BOOST_AUTO_TEST_CASE(does_nothing_on_a_standby) {
    scripted db;
    db.answer("pg_is_in_recovery", {{"t", "t", "t", "app"}}).answer("pg_is_in_recovery", {{"t", "t", "t", "app"}});
    pgq::maintenance upkeep{db};
    BOOST_TEST(upkeep.run(unexpected) == 0U);
    BOOST_TEST(upkeep.retry() == 0U);
    BOOST_TEST(db.log.size() == 2U);
}

BOOST_AUTO_TEST_CASE(moves_retries_until_none_is_due) {
    auto db = with_pgq();
    db.answer("maint_retry_events", {{"10"}})
        .answer("maint_retry_events", {{"3"}})
        .answer("maint_retry_events", {{"0"}});
    BOOST_TEST(pgq::maintenance{db}.retry() == 13U);
}

BOOST_AUTO_TEST_CASE(knows_names_from_text) {
    using pgq::sql::callable_name;
    for (auto const* name : {"pgq.f", "f", "a_b.c$1", "\"Big Name\".f", "\"a\"\"b\"", "a.b.c"})
        BOOST_TEST(callable_name(name));
    for (auto const* name : {"", "f()", "a b", "a.", ".a", "1a", "\"a", "\"\"", "a\"b\"", "a;b", "a--b"}) {
        BOOST_TEST(!callable_name(name));
    }
}

BOOST_AUTO_TEST_SUITE_END()
