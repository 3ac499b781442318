/// Servers that say nothing, and hosts that are not there any more.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <support/boost_test.hpp>
#include <support/proxy.hpp>
#include <support/session.hpp>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(libpq_silence)

using namespace std::chrono_literals;
using pgq::libpq::connection;
using support::connect;
using support::conninfo;
using support::eventually;
using support::proxy;
using support::text_of;
using support::thrown;

namespace {

int tcp_option(connection const& db, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    BOOST_TEST(::getsockopt(db.socket(), IPPROTO_TCP, option, &value, &size) == 0);
    return value;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_session_is_given_up_when_no_answer_comes) {
    for (auto const what : {support::fault::stall_before, support::fault::stall_after}) {
        proxy link{conninfo()};
        connection db{link.conninfo(), {.longest_silence = 200ms}};
        BOOST_TEST(text_of(db.execute("select 1")) == "1");
        link.arm(what, "two");
        auto const failure = thrown<pgq::connection_error>([&] { db.execute("select 'two'"); });
        BOOST_TEST(failure.what() == "the session was lost: the server said nothing for 200 ms");
        BOOST_TEST(failure.in_doubt());
        BOOST_TEST(failure.transient());
        BOOST_TEST(db.closed());
    }
}

BOOST_AUTO_TEST_CASE(it_is_given_up_inside_a_transaction_too) {
    proxy link{conninfo()};
    connection db{link.conninfo(), {.longest_silence = 200ms}};
    db.begin();
    link.arm(support::fault::stall_before, "two");
    auto const failure = thrown<pgq::connection_error>([&] { db.execute("select 'two'"); });
    BOOST_TEST(failure.what() == "the session was lost: the server said nothing for 200 ms");
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(db.closed());
}

BOOST_AUTO_TEST_CASE(a_statement_of_a_server_that_is_there_is_cancelled) {
    auto db = connect({.longest_silence = 200ms});
    db.begin();
    auto const failure = thrown<pgq::sql_error>([&] { db.execute("select pg_sleep(3600)"); });
    BOOST_TEST(failure.what() == "the server said nothing for 200 ms");
    BOOST_TEST((failure.state() == "57014"));
    BOOST_TEST(failure.transient());
    db.rollback();
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(an_answer_may_take_long_as_long_as_something_comes) {
    auto db = connect({.longest_silence = 1s});
    // Larger than what the server gathers before it sends.
    std::string const slow = "select repeat('x', 100000), pg_sleep(0.2) from generate_series(1, 10)";
    BOOST_TEST(db.execute(slow).size() == 10U);
    BOOST_TEST(db.copy_out("copy (" + slow + ") to stdout", [](std::string_view) {}) == 10U);
    BOOST_TEST(db.stream(slow, {}, [](auto const&) { return true; }) == 10U);
}

// A COMMIT that waits for a synchronous standby would be told to go on without it.
BOOST_AUTO_TEST_CASE(a_commit_is_not_cancelled) {
    auto db = connect({.longest_silence = 200ms});
    auto watcher = connect();
    support::table const stored{watcher, "silence_commit", "n int"};
    watcher.execute("create or replace function silence_commit_slowly() returns trigger language plpgsql as "
                    "'begin perform pg_sleep(1); return null; end';"
                    "create constraint trigger slowly after insert on silence_commit deferrable initially deferred "
                    "for each row execute function silence_commit_slowly()");
    db.begin();
    db.execute("insert into silence_commit values (1)");
    auto const failure = thrown<pgq::connection_error>([&] { db.commit(); });
    BOOST_TEST(failure.in_doubt());
    BOOST_TEST(eventually([&] { return stored.rows() == "1"; }));
    watcher.execute("drop function silence_commit_slowly cascade");
}

BOOST_AUTO_TEST_CASE(waiting_for_a_notification_is_no_silence) {
    auto db = connect({.longest_silence = 50ms});
    db.listen("silence_nobody");
    BOOST_TEST(!db.wait_notification(std::chrono::steady_clock::now() + 200ms));
    BOOST_TEST(!db.closed());
}

BOOST_AUTO_TEST_CASE(tcp_notices_within_two_minutes_that_the_host_is_gone) {
    proxy const link{conninfo()};
    connection db{link.conninfo()};
    for (int round = 0; round < 2; ++round) {
        BOOST_TEST(tcp_option(db, TCP_KEEPIDLE) == 60);
        BOOST_TEST(tcp_option(db, TCP_KEEPINTVL) == 15);
        BOOST_TEST(tcp_option(db, TCP_KEEPCNT) == 4);
        BOOST_TEST(tcp_option(db, TCP_USER_TIMEOUT) == 120'000);
        db.reset();
    }
    auto const port = std::to_string(link.port());
    connection const second{link.conninfo() + " host=127.0.0.1,127.0.0.1 port=1," + port};
    BOOST_TEST(tcp_option(second, TCP_USER_TIMEOUT) == 120'000);
}

// Which may wait for a lock, say, and takes no data meanwhile.
BOOST_AUTO_TEST_CASE(a_server_that_is_sent_a_copy_may_take_its_time) {
    proxy const link{conninfo()};
    connection db{link.conninfo()};
    db.execute("create temp table silence_copy (n int)");
    auto const copied = [&](auto const& end) {
        db.copy_begin("copy silence_copy from stdin");
        BOOST_TEST(tcp_option(db, TCP_USER_TIMEOUT) == 0);
        end();
        BOOST_TEST(tcp_option(db, TCP_USER_TIMEOUT) == 120'000);
    };
    copied([&] { db.copy_end(); });
    copied([&] { db.copy_abort(); });
    copied([&] {
        db.copy_data("no number\n");
        thrown<pgq::sql_error>([&] { db.copy_end(); });
    });
    connection other{link.conninfo() + " tcp_user_timeout=5000"};
    other.execute("create temp table silence_copy (n int)");
    other.copy_begin("copy silence_copy from stdin");
    BOOST_TEST(tcp_option(other, TCP_USER_TIMEOUT) == 5000);
}

BOOST_AUTO_TEST_CASE(tcp_settings_of_the_connection_string_are_left_alone) {
    proxy const link{conninfo()};
    connection const count{link.conninfo() + " keepalives_count=7"};
    BOOST_TEST(tcp_option(count, TCP_KEEPCNT) == 7);
    BOOST_TEST(tcp_option(count, TCP_KEEPIDLE) != 60);
    BOOST_TEST(tcp_option(count, TCP_USER_TIMEOUT) == 0);
    connection const timeout{link.conninfo() + " tcp_user_timeout=5000"};
    BOOST_TEST(tcp_option(timeout, TCP_USER_TIMEOUT) == 5000);
    connection const none{link.conninfo() + " tcp_user_timeout=0"};
    BOOST_TEST(tcp_option(none, TCP_USER_TIMEOUT) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
