#include <pgq/libpq/pipelined.hpp>
#include <pgq/libpq/transaction.hpp>

#include <boost/test/unit_test.hpp>
#include <support/session.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_pipelined)

using pgq::parameter;
using pgq::libpq::pipelined;
using pgq::libpq::result;
using support::connect;
using support::text_of;
using support::thrown;

namespace {

void add(auto& sender, std::string_view table, int n) {
    auto const text = std::to_string(n);
    std::array<parameter, 1> const values{parameter{text.c_str(), text.size()}};
    sender.send("insert into " + std::string{table} + " values ($1)", values);
}

}  // namespace

BOOST_AUTO_TEST_CASE(answers_come_in_order) {
    auto db = connect();
    std::vector<std::string> answers;
    pipelined sender{db, [&](std::size_t index, result const& rows) {
                         BOOST_TEST(index == answers.size());
                         answers.push_back(text_of(rows));
                     }};
    for (int i = 0; i < 3; ++i)
        sender.send("select " + std::to_string(i));
    sender.sync();
    BOOST_TEST((answers == std::vector<std::string>{"0", "1", "2"}));
    sender.send("select 'last'");
    BOOST_TEST(sender.finish() == 4U);
    BOOST_TEST(answers.back() == "last");
    BOOST_TEST(text_of(db.execute("select 'free'")) == "free");
    thrown<pgq::usage_error>([&] { sender.send("select 1"); });
}

BOOST_AUTO_TEST_CASE(more_than_may_be_under_way) {
    auto db = connect();
    support::table const things{db, "pipelined_many", "n int primary key, t text"};
    db.prepare("fill", "insert into pipelined_many values ($1, $2) returning n");
    std::string const payload(1000, 'x');
    std::size_t answered = 0;
    pipelined sender{db,
                     [&](std::size_t index, result const& rows) {
                         answered += rows.size();
                         if (text_of(rows) != std::to_string(index))
                             BOOST_ERROR("answer " << index << " belongs to another statement");
                     },
                     10'000};
    for (int i = 0; i < 5'000; ++i) {
        auto const text = std::to_string(i);
        std::array<parameter, 2> const values{parameter{text.c_str(), text.size()},
                                              parameter{payload.c_str(), payload.size()}};
        sender.send_prepared("fill", values);
        if (sender.sent() - sender.answered() > 10) BOOST_ERROR("too many statements under way");
    }
    BOOST_TEST(sender.finish() == 5'000U);
    BOOST_TEST(answered == 5'000U);
    BOOST_TEST(things.rows() == "5000");
}

BOOST_AUTO_TEST_CASE(large_answers_and_large_statements_do_not_lock_up) {
    auto db = connect();
    std::string const large(1'000'000, 'y');
    std::array<parameter, 1> const values{parameter{large.c_str(), large.size()}};
    std::size_t bytes = 0;
    pipelined sender{db, [&](std::size_t, result const& rows) { bytes += rows.at(0, 0)->size(); }};
    for (int i = 0; i < 10; ++i)
        sender.send("select $1::text", values);
    sender.finish();
    BOOST_TEST(bytes == 10 * large.size());
}

BOOST_AUTO_TEST_CASE(a_failure_undoes_back_to_the_last_sync) {
    auto db = connect();
    support::table const things{db, "pipelined_failing", "n int primary key"};
    pipelined sender{db};
    for (int i = 0; i < 10; ++i)
        add(sender, "pipelined_failing", i);
    sender.sync();
    BOOST_TEST(sender.synced() == 10U);
    for (int i = 10; i < 20; ++i)
        add(sender, "pipelined_failing", i);
    sender.send("insert into pipelined_failing values (5), (6)");
    for (int i = 20; i < 30; ++i)
        add(sender, "pipelined_failing", i);
    auto const failure = thrown<pgq::sql_error>([&] { sender.finish(); });
    BOOST_TEST((failure.state() == "23505"));
    BOOST_TEST(failure.statement() == "insert into pipelined_failing values (5), (6)");
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(sender.answered() == 20U);
    BOOST_TEST(sender.synced() == 10U);
    thrown<pgq::usage_error>([&] { sender.sync(); });
    BOOST_TEST(things.rows() == "10");
}

BOOST_AUTO_TEST_CASE(without_finish_nothing_is_stored) {
    std::vector<std::string> notices;
    auto db = connect({.notices = [&](pgq::libpq::notice const& one) { notices.emplace_back(one.message); }});
    support::table const things{db, "pipelined_dropped", "n int primary key"};
    notices.clear();
    {
        pipelined sender{db};
        for (int i = 0; i < 10'000; ++i)
            add(sender, "pipelined_dropped", i);
    }
    BOOST_TEST(things.rows() == "0");
    BOOST_TEST(notices.size() == 0U);
    thrown<std::runtime_error>([&] {
        pipelined sender{db, [](std::size_t, result const&) { throw std::runtime_error{"the receiver failed"}; }};
        add(sender, "pipelined_dropped", 1);
        sender.sync();
    });
    BOOST_TEST(things.rows() == "1");  // the receiver failed after it was stored
}

BOOST_AUTO_TEST_CASE(a_transaction_decides) {
    auto db = connect();
    support::table const things{db, "pipelined_transaction", "n int primary key"};
    {
        pgq::libpq::transaction work{db};
        pipelined sender{db};
        add(sender, "pipelined_transaction", 1);
        sender.finish();
        BOOST_TEST(db.in_transaction());
        work.commit();
    }
    {
        pgq::libpq::transaction const work{db};
        {
            pipelined sender{db};
            add(sender, "pipelined_transaction", 2);
        }
        BOOST_TEST(db.in_transaction());
    }
    {
        pgq::libpq::transaction const work{db};
        pipelined sender{db};
        add(sender, "pipelined_transaction", 1);
        BOOST_TEST(thrown<pgq::sql_error>([&] { sender.finish(); }).transaction_aborted());
    }
    BOOST_TEST(things.rows() == "1");
}

BOOST_AUTO_TEST_CASE(the_session_is_busy_meanwhile) {
    auto db = connect();
    pipelined sender{db};
    auto const failure = thrown<pgq::usage_error>([&] { db.execute("select 1"); });
    BOOST_TEST(failure.what() == "the session is busy with a pipeline: finish that first");
    thrown<pgq::usage_error>([&] { pipelined second{db}; });
    BOOST_TEST(sender.finish() == 0U);
}

BOOST_AUTO_TEST_CASE(a_stop_undoes_what_was_not_synced) {
    auto db = connect();
    support::table const things{db, "pipelined_stopped", "n int primary key"};
    for (bool const in_sync : {true, false}) {
        std::stop_source stop;
        db.stop_token(stop.get_token());
        auto const asker = support::when_runs(db.backend_pid(), "pg_sleep", [&] { stop.request_stop(); });
        support::stopwatch const watch;
        thrown<pgq::stopped>([&] {
            pipelined sender{db, {}, 1000};
            add(sender, "pipelined_stopped", 1);
            sender.send("select pg_sleep(25)");
            try {
                if (in_sync) sender.sync();
            } catch (pgq::connection_error const& late) {  // a server under load may not answer in time
                BOOST_TEST(late.in_doubt());
                throw pgq::stopped{};
            }
            for (;;)
                sender.send("select 1");
        });
        BOOST_TEST(watch.was_soon());
        db.stop_token({});
        if (db.closed()) db.reset();
        BOOST_TEST(support::eventually([&] { return things.rows() == "0"; }));
    }
}

BOOST_AUTO_TEST_SUITE_END()
