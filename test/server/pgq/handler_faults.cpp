/// What befalls a handler with a session of its own under at_least_once: nothing is lost, what was not finished comes
/// again, the runner goes on.
#include <pgq/libpq/transaction.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/runner.hpp>
#include <pgq/stage/retry.hpp>

#include <support/boost_test.hpp>
#include <support/running.hpp>
#include <support/trouble.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_handler_faults)

using namespace std::chrono_literals;
using support::at_work;
using support::connect;
using support::eventually;
using support::often;
using support::session_with;
using support::trouble;

BOOST_AUTO_TEST_CASE(two_handlers_in_a_deadlock_are_both_done_in_the_end) {
    trouble first{"own_deadlock_one"};
    trouble second{"own_deadlock_two"};
    support::table const rows{first.queue.db, "own_deadlock_rows", "id int primary key, n int"};
    first.queue.db.execute("insert into own_deadlock_rows values (1, 0), (2, 0)");
    std::array<std::atomic<bool>, 2> locked{};
    auto const crosses = [&](trouble& where, std::size_t me) {
        return pgq::consumer{where.queue.source, often, [&, me](pgq::event const& ev) {
                                 auto side = session_with("set deadlock_timeout = '20ms'");
                                 pgq::libpq::transaction scope{side};
                                 constexpr std::string_view add =
                                     "update own_deadlock_rows set n = n + 1 where id = $1";
                                 pgq::query(side, add, static_cast<int>(me) + 1);
                                 locked[me] = true;
                                 eventually([&] { return locked[1 - me].load(); });
                                 pgq::query(side, add, 2 - static_cast<int>(me));
                                 pgq::query(side, where.store(), ev.data);
                                 scope.commit();
                             }};
    };
    auto one = crosses(first, 0);
    auto two = crosses(second, 1);
    at_work work{one, support::conninfo()};
    at_work too{two, support::conninfo()};
    for (auto* const where : {&first, &second}) {
        where->queue.insert("n", "1");
        where->queue.tick();
    }
    BOOST_TEST(first.finished());
    BOOST_TEST(second.finished());
    BOOST_TEST(work.troubles() + too.troubles() >= 1);
    static_cast<void>(work.stop());
    static_cast<void>(too.stop());
    // The victim's own transaction left nothing behind.
    BOOST_TEST(first.how_often() == "1:1");
    BOOST_TEST(second.how_often() == "1:1");
    BOOST_TEST(first.queue.value("select min(n) || ' ' || max(n) from own_deadlock_rows") == "2 2");
}

BOOST_AUTO_TEST_CASE(a_serialization_failure_brings_the_batch_again) {
    trouble here{"own_serial"};
    support::table const rows{here.queue.db, "own_serial_rows", "n int"};
    here.queue.db.execute("insert into own_serial_rows values (0)");
    auto side = connect();
    auto other = connect();
    int attempts = 0;
    pgq::consumer writer{here.queue.source, often, [&](pgq::event const& ev) {
                             pgq::libpq::transaction scope{side, pgq::libpq::isolation::serializable};
                             pgq::query(side, here.store(), ev.data);
                             if (++attempts == 2 || attempts == 4)
                                 other.execute("update own_serial_rows set n = n + 100");
                             pgq::query(side, "update own_serial_rows set n = n + 1");
                             scope.commit();
                         }};
    at_work work{writer, support::conninfo()};
    here.queue.insert_many("n", 3);
    here.queue.tick();
    BOOST_TEST(here.finished());
    BOOST_TEST(work.troubles() == 2);
    static_cast<void>(work.stop());
    // What came before the failure came again with the batch; the failed attempts left nothing.
    BOOST_TEST(here.how_often() == "1:3 2:1 3:1");
    BOOST_TEST(here.queue.value("select n from own_serial_rows") == "205");
}

BOOST_AUTO_TEST_CASE(a_statement_of_the_handler_that_takes_too_long_brings_the_batch_again) {
    trouble here{"own_statement"};
    auto side = connect();
    int attempts = 0;
    pgq::consumer writer{here.queue.source, often, [&](pgq::event const& ev) {
                             if (++attempts == 2) {
                                 pgq::libpq::transaction const scope{side};
                                 side.execute("set local statement_timeout = '20ms'");
                                 side.execute("select pg_sleep(3600)");
                             }
                             pgq::query(side, here.store(), ev.data);
                         }};
    at_work work{writer, support::conninfo()};
    here.queue.insert_many("n", 3);
    here.queue.tick();
    BOOST_TEST(here.finished());
    BOOST_TEST(work.troubles() == 1);
    static_cast<void>(work.stop());
    BOOST_TEST(here.how_often() == "1:2 2:1 3:1");
}

BOOST_AUTO_TEST_CASE(behind_retry_only_the_event_that_failed_comes_again) {
    trouble here{"own_retry"};
    auto side = session_with("set lock_timeout = '10ms'");
    auto holder = connect();
    support::table const wanted{here.queue.db, "own_retry_wanted", "n int"};
    holder.begin();
    holder.execute("lock table own_retry_wanted");
    pgq::consumer writer{here.queue.source, often, pgq::retry{pgq::fixed{.delay = 0s, .attempts = 1000}},
                         [&](pgq::event const& ev) {
                             pgq::libpq::transaction scope{side};
                             pgq::query(side, here.store(), ev.data);
                             if (ev.data == "2") pgq::query(side, "insert into own_retry_wanted values (2)");
                             scope.commit();
                         }};
    at_work work{writer, support::conninfo()};
    here.queue.insert_many("n", 3);
    here.queue.tick();
    BOOST_TEST(here.finished());
    BOOST_TEST(here.how_often() == "1:1 3:1");
    holder.commit();
    BOOST_TEST(eventually([&] {
        here.queue.redeliver_if_due();
        return here.effects.rows() == "3";
    }));
    BOOST_TEST(work.troubles() == 0);
    static_cast<void>(work.stop());
    BOOST_TEST(here.how_often() == "1:1 2:1 3:1");
    BOOST_TEST(wanted.rows() == "1");
}

BOOST_AUTO_TEST_CASE(a_refusal_in_a_transaction_of_the_handler_sets_its_event_aside_and_stops_nobody) {
    trouble here{"own_poison"};
    support::table const unique{here.queue.db, "own_poison_unique", "data text primary key"};
    here.queue.db.execute("insert into own_poison_unique values ('2')");
    auto side = connect();
    pgq::consumer writer{here.queue.source, often, pgq::retry{pgq::never{}}, [&](pgq::event const& ev) {
                             pgq::libpq::transaction scope{side};
                             pgq::query(side, here.store(), ev.data);
                             pgq::query(side, "insert into own_poison_unique values ($1)", ev.data);
                             scope.commit();
                         }};
    writer.subscribe(here.queue.db);
    at_work work{writer, support::conninfo()};
    here.queue.insert_many("n", 3);
    here.queue.tick();
    BOOST_TEST(here.finished());
    BOOST_TEST(here.how_often() == "1:1 3:1");
    BOOST_TEST(work.troubles() == 0);
    auto const report = work.stop();
    BOOST_TEST(report.counts.dead == 1U);
    BOOST_TEST(report.counts.done == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
