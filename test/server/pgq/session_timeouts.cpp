/// What the server's timeouts do to the session of a running consumer: nothing is lost, what was not finished comes
/// again, the runner goes on.
#include <pgq/runner.hpp>

#include <support/boost_test.hpp>
#include <support/running.hpp>
#include <support/trouble.hpp>

#include <atomic>
#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(pgq_session_timeouts)

using namespace std::chrono_literals;
using support::at_work;
using support::connect;
using support::eventually;
using support::often;
using support::trouble;

BOOST_AUTO_TEST_CASE(the_consumers_own_statements_that_take_too_long_are_tried_again) {
    for (std::string const setting : {"statement_timeout", "lock_timeout"}) {
        trouble here{"own_" + setting};
        auto side = connect();
        auto holder = connect();
        int attempts = 0;
        std::atomic<bool> held = false;
        pgq::consumer writer{here.queue.source, often, [&](pgq::event const& ev) {
                                 pgq::query(side, here.store(), ev.data);
                                 if (++attempts != 2) return;
                                 here.hold(holder);
                                 held = true;
                             }};
        here.queue.insert_many("n", 2);
        here.queue.tick();
        here.hold(holder);
        at_work work{writer, here.sessions("set " + setting + " = '100ms'")};
        BOOST_TEST(eventually([&] { return work.troubles() >= 2; }), setting << " where a batch is asked for");
        BOOST_TEST(here.handled() == "0");
        holder.commit();
        BOOST_REQUIRE(eventually([&] { return held.load(); }));
        auto const before = work.troubles();
        BOOST_TEST(eventually([&] { return work.troubles() > before; }), setting << " where it is finished");
        holder.commit();
        BOOST_TEST(here.finished());
        static_cast<void>(work.stop());
        BOOST_TEST(here.handled() == "2");
        BOOST_TEST(here.effects.rows() != "2", "what could not be finished comes again");
    }
}

BOOST_AUTO_TEST_CASE(no_transaction_is_open_while_a_handler_works) {
    trouble here{"own_idle"};
    auto side = connect();
    std::string states;
    pgq::consumer reader{
        here.queue.source, often, [&](pgq::event const&) {
            states += pgq::value_of<std::string>(
                pgq::query(side, "select state || ' ' from pg_stat_activity where pid = $1", here.pid.load()), 0, 0);
        }};
    here.queue.insert_many("n", 3);
    here.queue.tick();
    at_work work{reader, here.sessions("set idle_in_transaction_session_timeout = '30s'")};
    BOOST_TEST(here.finished());
    BOOST_TEST(work.troubles() == 0);
    static_cast<void>(work.stop());
    BOOST_TEST(states == "idle idle idle ");
}

BOOST_AUTO_TEST_CASE(a_transaction_that_idles_too_long_leaves_nothing_and_is_done_once) {
    trouble here{"own_idle_exact"};
    auto observer = connect();
    int attempts = 0;
    bool ended = false;
    pgq::consumer writer{here.queue.source, pgq::same_transaction{}, often,
                         [&](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, here.store(), ev.data);
                             if (++attempts == 2) ended = support::gone(observer, here.pid);
                         }};
    here.queue.insert_many("n", 3);
    here.queue.tick();
    at_work work{writer, here.sessions("set idle_in_transaction_session_timeout = '500ms'")};
    BOOST_TEST(here.finished());
    BOOST_TEST(work.troubles() >= 1);
    static_cast<void>(work.stop());
    BOOST_TEST(ended);
    BOOST_TEST(here.how_often() == "1:1 2:1 3:1");
}

BOOST_AUTO_TEST_CASE(a_session_that_the_server_ends_while_a_handler_works_brings_the_batch_again) {
    trouble here{"own_session"};
    auto side = connect();
    int attempts = 0;
    bool ended = false;
    pgq::consumer writer{here.queue.source, often, [&](pgq::event const& ev) {
                             pgq::query(side, here.store(), ev.data);
                             if (++attempts == 2) ended = support::gone(side, here.pid);
                         }};
    here.queue.insert_many("n", 3);
    here.queue.tick();
    at_work work{writer, here.sessions("set idle_session_timeout = '500ms'")};
    BOOST_TEST(here.finished());
    BOOST_TEST(work.troubles() >= 1);
    static_cast<void>(work.stop());
    BOOST_TEST(ended);
    // All of the batch had been handled when it could not be finished.
    BOOST_TEST(here.handled() == "3");
    BOOST_TEST(here.queue.value(
                   "select min(n) >= 2 from (select count(*) as n from own_session_effects group by data) o") == "t");
}

BOOST_AUTO_TEST_CASE(a_session_that_the_server_ends_while_it_listens_is_opened_again) {
    trouble here{"own_listener"};
    auto side = connect();
    pgq::consumer writer{here.queue.source, pgq::notify{.fallback = 20s},
                         [&](pgq::event const& ev) { pgq::query(side, here.store(), ev.data); }};
    at_work work{writer, here.sessions("set idle_session_timeout = '100ms'")};
    BOOST_TEST(eventually([&] { return work.troubles() >= 2; }));
    here.queue.insert_many("n", 2);
    here.queue.tick();
    BOOST_TEST(here.finished());
    static_cast<void>(work.stop());
    BOOST_TEST(here.handled() == "2");
}

BOOST_AUTO_TEST_SUITE_END()
