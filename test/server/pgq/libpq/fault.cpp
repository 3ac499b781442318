/// What a session does when the server dies, the network breaks, or nobody answers any more.
#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/pipelined.hpp>
#include <pgq/libpq/transaction.hpp>

#include <boost/test/unit_test.hpp>
#include <support/private_server.hpp>
#include <support/proxy.hpp>
#include <support/session.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_fault)

using namespace std::chrono_literals;
using pgq::libpq::connection;
using support::connect;
using support::fault;
using support::proxy;
using support::text_of;
using support::thrown;

namespace {

/// Through a link that can fail.
connection through(proxy const& link, pgq::libpq::options wanted = {}) {
    if (wanted.statement_timeout.count() == 0) wanted.statement_timeout = support::limit;
    return connection{link.conninfo(), std::move(wanted)};
}

/// A connection whose table others look at.
struct watched_table {
    connection db = connect();
    support::table things;

    explicit watched_table(std::string name) : things{db, std::move(name), "n int"} {}

    /// Once the session that wrote is gone.
    [[nodiscard]] std::string rows_after(int pid) {
        BOOST_TEST(support::gone(db, pid));
        return things.rows();
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(terminated_in_the_middle_of_a_statement) {
    auto db = connect();
    auto const pid = db.backend_pid();
    auto const killer = support::when_runs(pid, "pg_sleep", [pid] {
        auto other = connect();
        pgq::query(other, "select pg_terminate_backend($1)", pid);
    });
    support::stopwatch const watch;
    auto const failure = thrown<pgq::connection_error>([&] { db.execute("select pg_sleep(25)"); });
    BOOST_TEST(watch.was_soon());
    BOOST_TEST((failure.state() == "57P01"));
    BOOST_TEST(failure.connection_lost());
    BOOST_TEST(failure.in_doubt());
    BOOST_TEST(failure.transient());
    BOOST_TEST(failure.statement() == "select pg_sleep(25)");
    BOOST_TEST(db.closed());
    db.reset();
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(the_server_is_killed_and_comes_back) {
    support::private_server server;
    connection db{server.conninfo(), {.statement_timeout = support::limit}};
    connection idle{server.conninfo(), {.statement_timeout = support::limit}};
    db.execute("create table t (n int)");
    db.begin();
    db.execute("insert into t values (1)");
    server.kill();
    auto const failure = thrown<pgq::connection_error>([&] {
        for (;;)
            db.execute("select pg_sleep(0.01)");  // a server process notices the death of its parent when it waits
    });
    BOOST_TEST(failure.connection_lost());
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(!db.in_transaction());
    auto const refused = thrown<pgq::connection_error>([&] { db.reset(); });
    BOOST_TEST(refused.transient());
    BOOST_TEST(db.closed());
    server.start();
    db.reset();
    BOOST_TEST(text_of(db.execute("select count(*) from t")) == "0");
    thrown<pgq::connection_error>([&] { idle.execute("select 1"); });
}

BOOST_AUTO_TEST_CASE(the_link_breaks_before_a_statement_arrives) {
    watched_table table{"fault_before"};
    proxy link{support::conninfo()};
    auto db = through(link);
    auto const pid = db.backend_pid();
    link.arm(fault::cut_before, "insert");
    auto const failure = thrown<pgq::connection_error>([&] { db.execute("insert into fault_before values (1)"); });
    BOOST_TEST(failure.connection_lost());
    BOOST_TEST(failure.in_doubt());  // the client cannot know
    BOOST_TEST(table.rows_after(pid) == "0");
}

BOOST_AUTO_TEST_CASE(the_link_breaks_around_a_commit) {
    watched_table table{"fault_commit"};
    proxy link{support::conninfo()};
    for (auto const what : {fault::cut_before, fault::cut_after}) {
        link.disarm();
        auto db = through(link);
        auto const pid = db.backend_pid();
        pgq::libpq::transaction work{db};
        db.execute("insert into fault_commit values (1)");
        link.arm(what, "commit");
        auto const failure = thrown<pgq::connection_error>([&] { work.commit(); });
        BOOST_TEST(failure.in_doubt());
        BOOST_TEST(failure.connection_lost());
        BOOST_TEST(failure.statement() == "commit");
        BOOST_TEST(table.rows_after(pid) == (what == fault::cut_before ? "0" : "1"));
    }
}

BOOST_AUTO_TEST_CASE(the_link_breaks_inside_a_transaction) {
    watched_table table{"fault_transaction"};
    proxy link{support::conninfo()};
    auto db = through(link);
    pgq::libpq::transaction const work{db};
    link.arm(fault::cut_after, "insert");
    auto const failure = thrown<pgq::connection_error>([&] { db.execute("insert into fault_transaction values (1)"); });
    BOOST_TEST(!failure.in_doubt());  // nothing was committed, whatever the server did
    BOOST_TEST(!db.in_transaction());
}

BOOST_AUTO_TEST_CASE(the_link_breaks_during_copy) {
    watched_table table{"fault_copy"};
    proxy link{support::conninfo()};
    auto db = through(link);
    auto const pid = db.backend_pid();
    db.copy_begin("copy fault_copy from stdin");
    link.arm(fault::cut_before, "1\n1\n");
    auto const failure = thrown<pgq::connection_error>([&] {
        for (;;)
            db.copy_data("1\n1\n1\n1\n");
    });
    BOOST_TEST(failure.connection_lost());
    BOOST_TEST(!failure.in_doubt());
    db.copy_abort();
    thrown<pgq::usage_error>([&] { db.copy_data("1\n"); });
    BOOST_TEST(table.rows_after(pid) == "0");

    link.disarm();
    db.reset();
    db.copy_begin("copy fault_copy from stdin");
    db.copy_data("2\n");
    link.arm(fault::cut_after, {"c\0\0\0\4", 5});  // the message that ends the data
    BOOST_TEST(thrown<pgq::connection_error>([&] { db.copy_end(); }).in_doubt());
    BOOST_TEST(table.things.rows() == "1");
}

BOOST_AUTO_TEST_CASE(the_link_breaks_in_a_pipeline) {
    watched_table table{"fault_pipeline"};
    proxy link{support::conninfo()};
    auto db = through(link);
    auto const pid = db.backend_pid();
    pgq::libpq::pipelined sender{db, {}, 1000};
    link.arm(fault::cut_after, "insert");
    auto const failure = thrown<pgq::connection_error>([&] {
        for (;;)
            sender.send("insert into fault_pipeline values (1)");
    });
    BOOST_TEST(failure.connection_lost());
    BOOST_TEST(!failure.in_doubt());  // no sync() was sent
    BOOST_TEST(table.rows_after(pid) == "0");

    link.disarm();
    db.reset();
    pgq::libpq::pipelined again{db};
    again.send("insert into fault_pipeline values (2)");
    link.arm(fault::cut_after, "insert");
    BOOST_TEST(thrown<pgq::connection_error>([&] { again.finish(); }).in_doubt());
    BOOST_TEST(again.synced() == 0U);
    BOOST_TEST(table.things.rows() == "1");
}

BOOST_AUTO_TEST_CASE(the_link_breaks_while_listening) {
    proxy link{support::conninfo()};
    auto db = through(link);
    link.arm(fault::cut_after, "listen");
    thrown<pgq::connection_error>([&] { db.listen("fault_listen"); });
    link.disarm();
    db.reset();
    db.listen("fault_listen");
    std::jthread const killer{[pid = db.backend_pid()] {
        auto other = connect();
        pgq::query(other, "select pg_terminate_backend($1)", pid);
    }};
    thrown<pgq::connection_error>([&] { db.wait_notification(std::chrono::steady_clock::now() + 25s); });
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_what_nobody_answers) {
    proxy link{support::conninfo()};
    auto db = through(link, {.statement_timeout = 100ms});
    link.arm(fault::stall_before, "select 'stall'");
    support::stopwatch const watch;
    auto const failure = thrown<pgq::connection_error>([&] { db.execute("select 'stall'"); });
    BOOST_TEST(failure.connection_lost());
    BOOST_TEST(std::string{failure.what()}.starts_with("the session was lost: the statement took longer than 100 ms"));
    BOOST_TEST(db.closed());
    BOOST_TEST(watch.was_soon());
}

BOOST_AUTO_TEST_CASE(a_deadline_cancels_what_takes_too_long) {
    auto db = connect({.statement_timeout = 100ms});
    support::stopwatch const watch;
    auto const failure = thrown<pgq::sql_error>([&] { db.execute("select pg_sleep(25)"); });
    BOOST_TEST(failure.what() == "the statement took longer than 100 ms");
    BOOST_TEST((failure.state() == "57014"));
    BOOST_TEST(watch.was_soon());
    db.statement_timeout(support::limit);
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_SUITE_END()
