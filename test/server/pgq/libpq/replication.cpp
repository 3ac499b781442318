#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/replication.hpp>

#include <support/session.hpp>

#include <chrono>
#include <stop_token>
#include <string>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_replication)

using pgq::libpq::arrival;
using pgq::libpq::replication;
using support::connect;
using support::conninfo;

namespace {

auto in_a_while() {
    return std::chrono::steady_clock::now() + support::limit;
}

/// A slot that is gone with the test.
struct slot {
    explicit slot(std::string given) : name{std::move(given)} { replication{conninfo()}.create_slot(name); }
    slot(slot const&) = delete;
    slot& operator=(slot const&) = delete;
    ~slot() {
        auto db = connect();
        // Whoever used it may not be gone yet.
        support::eventually([&] {
            return support::text_of(
                       db.execute("select count(pg_drop_replication_slot(slot_name)) from pg_replication_slots "
                                  "where slot_name = '" +
                                  name + "' and not active")) == "1";
        });
    }
    std::string name;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_server_says_who_it_is) {
    auto db = connect();
    replication server{conninfo()};
    auto const who = server.identify_system();
    BOOST_TEST(std::to_string(who.system_id) ==
               support::text_of(db.execute("select system_identifier from pg_control_system()")));
    BOOST_TEST(who.timeline >= 1U);
    BOOST_TEST(who.flushed > 0U);
    BOOST_TEST(server.show("wal_segment_size") == support::text_of(db.execute("show wal_segment_size")));
    auto const refused = support::thrown<pgq::sql_error>([&] { server.timeline_history(4711); });
    BOOST_TEST(refused.state().view() == "58P01");  // and the session goes on
    BOOST_TEST(server.identify_system().system_id == who.system_id);
}

BOOST_AUTO_TEST_CASE(slots_are_made_read_and_dropped) {
    replication server{conninfo()};
    BOOST_TEST(!server.read_slot("replication_test_one"));
    server.create_slot("replication_test_one");
    auto const made = server.read_slot("replication_test_one");
    BOOST_REQUIRE(made);
    BOOST_TEST(made->restart.value_or(0) > 0U);
    BOOST_TEST(made->timeline == server.identify_system().timeline);
    auto const again = support::thrown<pgq::sql_error>([&] { server.create_slot("replication_test_one"); });
    BOOST_TEST(again.state().view() == "42710");
    server.drop_slot("replication_test_one");
    BOOST_TEST(!server.read_slot("replication_test_one"));
    support::thrown<pgq::sql_error>([&] { server.create_slot("no \"slot"); });
}

BOOST_AUTO_TEST_CASE(the_log_arrives_and_the_slot_follows_what_is_flushed) {
    auto db = connect();
    slot const kept{"replication_test_two"};
    replication server{conninfo(), {.application_name = "replication test"}};
    auto const who = server.identify_system();
    auto const begin = who.flushed & ~0xFFFFFFU;
    BOOST_REQUIRE(server.start(kept.name, begin, who.timeline));
    db.execute("select pg_logical_emit_message(false, 'test', 'words to be found in the log')");
    db.execute("select pg_switch_wal()");
    std::string log;
    auto const end = in_a_while();
    while (log.find("words to be found in the log") == std::string::npos) {
        auto const came = server.receive(end);
        BOOST_REQUIRE((came == arrival::data || came == arrival::keepalive));
        if (came == arrival::keepalive) continue;
        BOOST_TEST(server.message().begin == begin + log.size());
        log += server.message().data;
        BOOST_TEST(server.message().server >= begin + log.size());
    }
    server.send_status(begin + log.size(), who.flushed);
    BOOST_TEST(support::eventually([&] {
        return support::text_of(db.execute("select count(*) from pg_replication_slots s join pg_stat_replication r on "
                                           "r.pid = s.active_pid where slot_name = 'replication_test_two' and "
                                           "restart_lsn = flush_lsn and replay_lsn is null and flush_lsn = '" +
                                           pgq::libpq::detail::hex_position(who.flushed) + "'")) == "1";
    }));
    BOOST_CHECK_THROW(server.identify_system(), pgq::usage_error);
    BOOST_TEST(!server.finish());
    BOOST_TEST(server.identify_system().timeline == who.timeline);  // the session is free again
}

BOOST_AUTO_TEST_CASE(a_start_that_the_server_refuses_leaves_the_session_usable) {
    replication server{conninfo()};
    auto const who = server.identify_system();
    // This one it refuses after the stream has begun.
    BOOST_REQUIRE(server.start("", who.flushed + (1U << 30U), who.timeline));
    BOOST_TEST((server.receive(in_a_while()) == arrival::end));
    support::thrown<pgq::sql_error>([&] { server.finish(); });
    support::thrown<pgq::sql_error>([&] { server.start("replication_test_none", who.flushed, who.timeline); });
    BOOST_TEST(server.identify_system().system_id == who.system_id);
}

BOOST_AUTO_TEST_CASE(a_stop_ends_the_wait_and_the_last_status_still_goes) {
    std::stop_source stop;
    replication server{conninfo(), {.stop = stop.get_token()}};
    auto const who = server.identify_system();
    BOOST_REQUIRE(server.start("", who.flushed & ~0xFFFFFFU, who.timeline));
    stop.request_stop();
    BOOST_CHECK_THROW(
        {
            while (true)
                server.receive(in_a_while());
        },
        pgq::stopped);
    server.send_status(who.flushed, who.flushed);
    try {
        BOOST_TEST(!server.finish());
    } catch (pgq::stopped const&) {  // the server was busy sending
    }
}

BOOST_AUTO_TEST_SUITE_END()
