#include <pgq/policy/insert_copy.hpp>
#include <pgq/producer.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>
#include <support/scripted.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_insert_copy)

using boost::test_tools::per_element;
using support::said_by;
using support::scripted_session;
using lines = std::vector<std::string>;

namespace {

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

}  // namespace

BOOST_AUTO_TEST_CASE(copies_into_the_current_table_in_a_transaction_of_its_own) {
    auto db = ready_to_copy();
    pgq::producer out{db, "orders", pgq::insert_copy{}};
    out.insert({.type = "order.placed", .data = "id=7"});
    out.insert({.type = "t", .data = {}, .extra = {"a\tb", std::nullopt, std::nullopt, "c\\d\n"}});
    BOOST_TEST(out.finish() == 2U);
    BOOST_TEST(!db.in_transaction());
    BOOST_TEST(db.log == (lines{"begin", to_read_committed, asks_level, "current_event_table <orders>",
                                "event_1_0 ",  // the session's log names the table only
                                "2026-01-02 03:04:05+00\torder.placed\tid=7\t\\N\t\\N\t\\N\t\\N\n"
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
