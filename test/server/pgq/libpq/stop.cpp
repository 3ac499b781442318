/// A stop request ends every wait, on a server that answers and on a link that does not.
#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/pipelined.hpp>
#include <pgq/libpq/transaction.hpp>

#include <boost/test/unit_test.hpp>
#include <support/proxy.hpp>
#include <support/session.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_stop)

using namespace std::chrono_literals;
using pgq::libpq::connection;
using pgq::libpq::result;
using support::connect;
using support::fault;
using support::proxy;
using support::text_of;
using support::thrown;

namespace {

/// Calls `use(db)` on a session of its own and requests a stop once the server runs a statement with `text`.
void stops(std::string text, auto const& use) {
    std::stop_source stop;
    auto db = connect({.stop = stop.get_token()});
    auto const asker = support::when_runs(db.backend_pid(), std::move(text), [&] { stop.request_stop(); });
    support::stopwatch const watch;
    thrown<pgq::stopped>([&] { use(db); });
    BOOST_TEST(watch.was_soon());
    thrown<pgq::stopped>([&] { db.execute("select 1"); });
    db.rollback();
    db.stop_token({});
    if (db.closed()) db.reset();  // a server under load may take longer than a stopped session waits
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
    BOOST_TEST(!db.in_transaction());
}

/// The same on a link over which nothing passes any more once the client sends `trigger`.
template <class Failure = pgq::stopped>
void stops_without_answer(fault what, std::string trigger, auto const& prepare, auto const& use) {
    proxy link{support::conninfo()};
    std::stop_source stop;
    connection db{link.conninfo(), {.stop = stop.get_token()}};
    prepare(db);
    link.arm(what, std::move(trigger));
    std::jthread const asker{[&] {
        if (support::eventually([&] { return link.struck(); })) stop.request_stop();
    }};
    support::stopwatch const watch;
    auto const failure = thrown<Failure>([&] { use(db); });
    db.rollback();
    BOOST_TEST(watch.was_soon());
    BOOST_TEST(db.closed());
    if constexpr (std::is_same_v<Failure, pgq::connection_error>) BOOST_TEST(failure.in_doubt());
}

constexpr auto nothing = [](connection&) {};

}  // namespace

BOOST_AUTO_TEST_CASE(a_statement) {
    stops("pg_sleep", [](connection& db) { db.execute("select pg_sleep(25)"); });
    stops("pg_sleep", [](connection& db) { pgq::query(db, "select pg_sleep($1)", 25); });
}

BOOST_AUTO_TEST_CASE(a_statement_of_a_transaction) {
    stops("pg_sleep", [](connection& db) {
        pgq::libpq::transaction work{db};
        db.execute("select pg_sleep(25)");
        work.commit();
    });
}

BOOST_AUTO_TEST_CASE(a_stream) {
    stops("generate_series",
          [](connection& db) { db.stream("select generate_series(1, 1000000000)", {}, [](result const&) {}); });
    stops("pg_sleep", [](connection& db) { db.stream("select pg_sleep(25)", {}, [](result const&) {}); });
}

BOOST_AUTO_TEST_CASE(a_copy_out) {
    stops("copy", [](connection& db) { db.copy_out("copy (select pg_sleep(25)) to stdout", [](std::string_view) {}); });
}

BOOST_AUTO_TEST_CASE(a_copy_in) {
    auto other = connect();
    support::table const things{other, "stop_copy", "n int"};
    stops("copy", [](connection& db) {
        db.copy_begin("copy stop_copy from stdin");
        for (;;)
            db.copy_data("1\n");
    });
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_CASE(a_copy_in_that_the_server_does_not_take) {
    auto other = connect();
    support::table const things{other, "stop_locked", "n int unique"};
    pgq::libpq::transaction lock{other};
    other.execute("insert into stop_locked values (1)");
    stops("copy", [](connection& db) {
        db.copy_begin("copy stop_locked from stdin");
        for (;;)
            db.copy_data("1\n");
    });
    lock.rollback();
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_CASE(a_commit_that_takes_long) {
    stops("commit", [](connection& db) {
        pgq::libpq::transaction work{db};
        db.execute("create temp table stop_commit (n int);"
                   "create function pg_temp.linger() returns trigger language plpgsql as "
                   "'begin perform pg_sleep(25); return null; end';"
                   "create constraint trigger linger after insert on stop_commit deferrable initially deferred "
                   "for each row execute function pg_temp.linger();"
                   "insert into stop_commit values (1)");
        try {
            work.commit();
        } catch (pgq::connection_error const& late) {  // a server under load may not answer in time
            BOOST_TEST(late.in_doubt());
            throw pgq::stopped{};
        }
    });
}

BOOST_AUTO_TEST_CASE(a_token_that_is_triggered_already) {
    std::stop_source stop;
    auto db = connect({.stop = stop.get_token()});
    db.begin();
    db.execute("create temp table stop_early (n int)");
    stop.request_stop();
    BOOST_TEST(db.stop_requested());
    thrown<pgq::stopped>([&] { db.commit(); });
    thrown<pgq::stopped>([&] { db.copy_begin("copy stop_early from stdin"); });
    thrown<pgq::stopped>([&] { pgq::libpq::pipelined{db}; });
    BOOST_TEST(db.in_transaction());
    db.rollback();
    BOOST_TEST(!db.in_transaction());
}

BOOST_AUTO_TEST_CASE(a_link_that_passes_nothing) {
    stops_without_answer(fault::stall_before, "select 1", nothing, [](connection& db) { db.execute("select 1"); });
    stops_without_answer(fault::stall_after, "select 1", nothing, [](connection& db) { db.execute("select 1"); });
    stops_without_answer(fault::stall_before, "copy", nothing,
                         [](connection& db) { db.copy_begin("copy pg_class from stdin"); });
    stops_without_answer(fault::stall_before, "copy", nothing,
                         [](connection& db) { db.copy_out("copy pg_class to stdout", [](std::string_view) {}); });
    stops_without_answer(fault::stall_before, "select 1", nothing, [](connection& db) {
        pgq::libpq::pipelined sender{db};
        sender.send("select 1");
        for (;;)
            sender.send("select 2");
    });
    auto const begin = [](connection& db) { db.begin(); };
    stops_without_answer(fault::stall_before, "select 1", begin, [](connection& db) { db.execute("select 1"); });
}

BOOST_AUTO_TEST_CASE(a_commit_without_answer_is_in_doubt) {
    auto const begin = [](connection& db) { db.begin(); };
    stops_without_answer<pgq::connection_error>(fault::stall_after, "commit", begin,
                                                [](connection& db) { db.commit(); });
    stops_without_answer<pgq::connection_error>(fault::stall_after, "select 1", nothing, [](connection& db) {
        pgq::libpq::pipelined sender{db};
        sender.send("select 1");
        sender.sync();
    });
}

/// Asks a session whether a pooler is there, and stops it meanwhile; its wish to cancel gets lost, and then the answer
/// comes, upon which it ends. Nothing where the answer came too late to be waited for, as may happen under load.
std::optional<bool> is_pooled_when_stopped_meanwhile() {
    auto lock = connect();
    lock.execute("select pg_advisory_lock(4711)");
    proxy link{support::conninfo()};
    std::stop_source stop;
    connection db{link.conninfo(), {.stop = stop.get_token()}};
    db.execute("set search_path = stop_pooled, pg_catalog");
    constexpr std::string_view cancel_request{"\x04\xd2\x16\x2e", 4};  // 80877102, by which the server knows one
    link.arm(fault::stall_before, std::string{cancel_request});
    auto const asker = support::when_runs(db.backend_pid(), "select pg_backend_pid()", [&] {
        stop.request_stop();
        if (support::eventually([&] { return link.struck(); })) lock.execute("select pg_advisory_unlock(4711)");
    });
    try {
        bool const pooled = db.pooled();
        BOOST_TEST(db.closed());
        return pooled;
    } catch (pgq::stopped const&) { return std::nullopt; } catch (pgq::connection_error const&) {
        return std::nullopt;
    }
}

BOOST_AUTO_TEST_CASE(a_session_that_ended_behind_the_answer_is_behind_no_pooler) {
    auto db = connect();
    db.execute(
        "create schema stop_pooled; create function stop_pooled.pg_backend_pid() returns integer language plpgsql as "
        "'begin perform pg_advisory_lock_shared(4711); perform pg_advisory_unlock_shared(4711);"
        " return pg_catalog.pg_backend_pid(); end'");
    std::optional<bool> pooled;
    BOOST_TEST(support::eventually([&] { return (pooled = is_pooled_when_stopped_meanwhile()).has_value(); }));
    BOOST_TEST(!pooled.value_or(true));
    db.execute("drop schema stop_pooled cascade");
}

BOOST_AUTO_TEST_CASE(cancelling_from_another_thread) {
    auto db = connect();
    std::atomic<bool> taken = false;
    auto canceller = support::when_runs(db.backend_pid(), "pg_sleep", [&taken, key = db.cancel_key()] {
        taken = key.request(std::chrono::steady_clock::now() + support::limit);
    });
    auto const failure = thrown<pgq::sql_error>([&] { db.execute("select pg_sleep(25)"); });
    canceller.join();
    BOOST_TEST(taken.load());
    BOOST_TEST((failure.state() == "57014"));
    BOOST_TEST(db.cancel_key().request(std::chrono::steady_clock::now() + support::limit));  // nothing runs: no harm
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_SUITE_END()
