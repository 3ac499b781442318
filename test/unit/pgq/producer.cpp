#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/producer.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using boost::test_tools::per_element;
using support::scripted;
using support::scripted_session;
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

/// Takes COPY; logs its data as one line, `aborted` when it was given up.
class copying_session : public scripted_session {
public:
    void copy_begin(std::string_view text) {
        execute(text, {});
        data_.clear();
    }
    void copy_data(std::string_view bytes) { data_ += bytes; }
    std::uint64_t copy_end() {
        log.push_back(data_);
        std::uint64_t rows = 0;
        for (char const c : data_)
            rows += c == '\n' ? 1U : 0U;
        return rows;
    }
    void copy_abort() noexcept { log.emplace_back("aborted"); }

private:
    std::string data_{};
};

copying_session ready_to_copy(std::optional<std::string> limit = {}, std::string level = "read committed") {
    copying_session db;
    db.answer("transaction_isolation", {{std::move(level), "700"}});
    db.answer("current_event_table", {{"pgq.event_1_0", "2026-01-02 03:04:05+00", std::move(limit)}});
    return db;
}

std::string const asks_level = "select current_setting('transaction_isolation'), txid_current()";
std::string const to_read_committed = "set transaction isolation level read committed";

template <class Error> std::string said_by(auto const& call) {
    try {
        call();
    } catch (Error const& problem) { return problem.what(); }
    return "nothing";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pgq_producer)

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
                   "queue \"ordres\" does not exist\ncreate it by: select pgq.create_queue('ordres')");
        BOOST_TEST(problem.transaction_aborted());
    }
}

BOOST_AUTO_TEST_CASE(a_database_without_pgq_is_an_error_that_says_what_to_do) {
    scripted db;
    db.fail("insert_event", pgq::sql_error{"schema \"pgq\" does not exist", {.state = pgq::sqlstate{"3F000"}}});
    pgq::producer out{db, "orders"};
    BOOST_TEST(said_by<pgq::usage_error>([&] { out.insert({.type = "a"}); }) ==
               "this database has no PgQ\ninstall it by: create extension pgq");
}

BOOST_AUTO_TEST_CASE(other_refusals_pass_through) {
    scripted db;
    db.fail("insert_event", pgq::sql_error{"Insert into queue disallowed", {.state = pgq::sqlstate{"XX000"}}});
    pgq::producer out{db, "orders"};
    BOOST_TEST(said_by<pgq::sql_error>([&] { out.insert({.type = "a"}); }) == "Insert into queue disallowed");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pgq_policy_insert_copy)

BOOST_AUTO_TEST_CASE(copies_into_the_current_table_in_a_transaction_of_its_own) {
    auto db = ready_to_copy();
    pgq::producer out{db, "orders", pgq::insert_copy{}};
    out.insert(order_placed{7, "x"});
    out.insert({.type = "t", .data = {}, .extra = {"a\tb", std::nullopt, std::nullopt, "c\\d\n"}});
    BOOST_TEST(out.finish() == 2U);
    BOOST_TEST(!db.in_transaction());
    BOOST_TEST(db.log == (lines{"begin", to_read_committed, asks_level, "current_event_table <orders>",
                                "event_1_0 ",  // the session's log names the table only
                                "2026-01-02 03:04:05+00\torder.placed\tid=7&customer=x\t\\N\t\\N\t\\N\t\\N\n"
                                "2026-01-02 03:04:05+00\tt\t\\N\ta\\tb\t\\N\t\\N\tc\\\\d\\n\n",
                                "commit"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(joins_the_callers_transaction) {
    auto db = ready_to_copy();
    db.begin();
    pgq::producer out{db, "orders", pgq::insert_copy{}};
    out.insert({.type = "t"});
    BOOST_TEST(out.finish() == 1U);
    BOOST_TEST(db.in_transaction());
    BOOST_TEST(db.log.at(1) == asks_level);
}

BOOST_AUTO_TEST_CASE(touches_nothing_when_there_is_nothing) {
    copying_session db;
    pgq::producer out{db, "orders", pgq::insert_copy{}};
    BOOST_TEST(out.finish() == 0U);
    BOOST_TEST(db.log.empty());
}

BOOST_AUTO_TEST_CASE(refuses_a_snapshot_older_than_the_transaction) {
    auto db = ready_to_copy({}, "repeatable read");
    db.begin();
    pgq::producer out{db, "orders", pgq::insert_copy{}};
    BOOST_TEST(
        said_by<pgq::usage_error>([&] { out.insert({.type = "t"}); }) ==
        "copying events into a queue needs a transaction of level \"read committed\", this one is \"repeatable read\"");
}

BOOST_AUTO_TEST_CASE(refuses_an_unknown_queue_and_rolls_its_own_transaction_back) {
    copying_session db;
    db.answer("transaction_isolation", {{"read committed", "700"}});
    pgq::producer out{db, "ordres", pgq::insert_copy{}};
    BOOST_CHECK_THROW(out.insert({.type = "t"}), pgq::usage_error);
    BOOST_TEST(db.log.back() == "rollback");
}

BOOST_AUTO_TEST_CASE(keeps_the_queues_limit) {
    auto db = ready_to_copy("2");
    pgq::producer out{db, "orders", pgq::insert_copy{}};
    out.insert({.type = "t"});
    out.insert({.type = "t"});
    BOOST_TEST(said_by<pgq::usage_error>([&] { out.insert({.type = "t"}); }) ==
               "queue \"orders\" allows max 2 events from one transaction: nothing was stored");
    BOOST_TEST(db.log.at(db.log.size() - 2) == "aborted");
    BOOST_TEST(db.log.back() == "rollback");
}

BOOST_AUTO_TEST_CASE(stores_nothing_when_it_goes_without_finish) {
    auto db = ready_to_copy();
    {
        pgq::producer out{db, "orders", pgq::insert_copy{}};
        out.insert({.type = "t"});
    }
    BOOST_TEST(db.log.at(db.log.size() - 2) == "aborted");
    BOOST_TEST(db.log.back() == "rollback");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pgq_policy_insert_bulk)

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
               "the PgQ of this database has no pgq.insert_events\nupdate the extension or take another insert policy");
}

BOOST_AUTO_TEST_SUITE_END()
