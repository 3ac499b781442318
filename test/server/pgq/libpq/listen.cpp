#include <pgq/libpq/listen.hpp>
#include <pgq/libpq/transaction.hpp>

#include <boost/test/unit_test.hpp>
#include <support/session.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_listen)

using namespace std::chrono_literals;
using pgq::libpq::listening;
using support::connect;
using support::thrown;

BOOST_AUTO_TEST_CASE(hears_others_in_order) {
    auto db = connect();
    auto other = connect();
    listening ears{db, "Listen \"here\""};
    other.execute(
        "begin; notify \"Listen \"\"here\"\"\", 'one'; notify \"Listen \"\"here\"\"\"; notify elsewhere, 'no'; commit");
    auto const first = ears.wait(30s);
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST(first->payload == "one");
    BOOST_TEST(first->channel == "Listen \"here\"");
    BOOST_TEST(ears.wait(30s).value().payload == "");
    BOOST_TEST(!ears.wait(1ms).has_value());
    BOOST_TEST(!ears.wait(-1s).has_value());
}

BOOST_AUTO_TEST_CASE(messages_that_came_with_an_answer_are_kept) {
    auto db = connect();
    db.listen("listen_self");
    db.execute("notify listen_self, 'a'");
    db.execute("select 1");
    db.execute("notify listen_self, 'b'");
    BOOST_TEST(db.wait_notification(std::chrono::steady_clock::now()).value().payload == "a");
    BOOST_TEST(db.wait_notification(std::chrono::steady_clock::now()).value().payload == "b");
    BOOST_TEST(!db.wait_notification(std::chrono::steady_clock::now()).has_value());
    db.unlisten("listen_self");
    db.execute("notify listen_self, 'c'");
    BOOST_TEST(!db.wait_notification(std::chrono::steady_clock::now()).has_value());
}

BOOST_AUTO_TEST_CASE(wakes_up_when_a_message_comes) {
    auto db = connect();
    db.listen("listen_wake");
    std::jthread const sender{[] { connect().execute("notify listen_wake, 'now'"); }};
    support::stopwatch const watch;
    BOOST_TEST(db.wait_notification(std::chrono::steady_clock::time_point::max()).value().payload == "now");
    BOOST_TEST(watch.was_soon());
}

BOOST_AUTO_TEST_CASE(a_stop_ends_the_wait_and_leaves_the_session_usable) {
    auto db = connect();
    std::stop_source stop;
    db.stop_token(stop.get_token());
    db.listen("listen_stop");
    std::jthread const asker{[&] { stop.request_stop(); }};
    support::stopwatch const watch;
    thrown<pgq::stopped>([&] { db.wait_notification(std::chrono::steady_clock::now() + 60s); });
    BOOST_TEST(watch.was_soon());
    db.stop_token({});
    db.execute("notify listen_stop, 'still here'");
    BOOST_TEST(db.wait_notification(std::chrono::steady_clock::now() + 30s).value().payload == "still here");
}

BOOST_AUTO_TEST_CASE(a_lost_session_is_noticed) {
    auto db = connect();
    db.listen("listen_lost");
    auto const pid = db.backend_pid();
    std::jthread const killer{[pid] {
        auto other = connect();
        pgq::query(other, "select pg_terminate_backend($1)", pid);
    }};
    support::stopwatch const watch;
    auto const failure =
        thrown<pgq::connection_error>([&] { db.wait_notification(std::chrono::steady_clock::now() + 60s); });
    BOOST_TEST(watch.was_soon());
    BOOST_TEST(failure.connection_lost());
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(db.closed());
}

BOOST_AUTO_TEST_SUITE_END()
