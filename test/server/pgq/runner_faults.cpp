/// What befalls a running consumer beside lost links: refusals that go away, messages that never come, events that are
/// handed back over a link that breaks. Nothing is lost, and with same_transaction nothing comes twice.
#include <pgq/codecs.hpp>
#include <pgq/runner.hpp>

#include <support/boost_test.hpp>
#include <support/proxy.hpp>
#include <support/queue.hpp>
#include <support/running.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_runner_faults)

using namespace std::chrono_literals;
using pgq::libpq::connection;
using support::at_work;
using support::consumed_queue;
using support::eventually;

namespace {

constexpr pgq::poll often{.interval = 5ms, .longest = 20ms};

/// Opens sessions that begin with `setup`.
auto sessions_with(std::string setup) {
    return [setup = std::move(setup)] {
        connection db{support::conninfo()};
        db.execute(setup);
        return db;
    };
}

/// A consumer that stores its events, after `first` has been called with the session until it has not thrown.
auto stores_after(consumed_queue const& queue, std::string const& table, auto first) {
    return pgq::consumer{
        queue.source, pgq::same_transaction{}, often,
        [store = "insert into " + table + " values ($1)", first](pgq::event const& ev, pgq::transport auto& session) {
            pgq::query(session, store, ev.data);
            first(session);
        }};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_statement_that_takes_too_long_is_tried_again_and_done_once) {
    consumed_queue queue{"faults_statement"};
    support::table const effects{queue.db, "faults_statement_effects", "data text"};
    std::atomic<int> attempts = 0;
    auto writer = stores_after(queue, "faults_statement_effects", [&](auto& session) {
        if (++attempts == 2) pgq::query(session, "select pg_sleep(3600)");
    });
    at_work work{writer, sessions_with("set statement_timeout = '2s'")};
    queue.insert_many("n", 3);
    queue.tick();
    BOOST_TEST(eventually([&] { return effects.rows() == "3"; }));
    BOOST_TEST(work.troubles() >= 1);
    static_cast<void>(work.stop());
    BOOST_TEST(effects.rows() == "3");
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_not_had_is_waited_for_again_and_the_work_done_once) {
    consumed_queue queue{"faults_lock"};
    support::table const effects{queue.db, "faults_lock_effects", "data text"};
    support::table const wanted{queue.db, "faults_lock_wanted", "n int"};
    auto holder = support::connect();
    holder.begin();
    holder.execute("lock table faults_lock_wanted");
    auto writer = stores_after(queue, "faults_lock_effects",
                               [](auto& session) { pgq::query(session, "insert into faults_lock_wanted values (1)"); });
    at_work work{writer, sessions_with("set lock_timeout = '10ms'")};
    queue.insert_many("n", 3);
    queue.tick();
    BOOST_TEST(eventually([&] { return work.troubles() >= 2; }));
    BOOST_TEST(effects.rows() == "0");
    holder.commit();
    BOOST_TEST(eventually([&] { return effects.rows() == "3"; }));
    static_cast<void>(work.stop());
    BOOST_TEST(effects.rows() == "3");
    BOOST_TEST(wanted.rows() == "3");
}

BOOST_AUTO_TEST_CASE(two_handlers_in_a_deadlock_are_both_done_once) {
    consumed_queue first{"faults_deadlock_one"};
    consumed_queue second{"faults_deadlock_two"};
    support::table const effects{first.db, "faults_deadlock_effects", "data text"};
    support::table const rows{first.db, "faults_deadlock_rows", "id int primary key, n int"};
    first.db.execute("insert into faults_deadlock_rows values (1, 0), (2, 0)");
    std::array<std::atomic<bool>, 2> locked{};
    auto const crosses = [&](std::size_t me) {
        return [&locked, me](auto& session) {
            constexpr std::string_view add = "update faults_deadlock_rows set n = n + 1 where id = $1";
            pgq::query(session, add, static_cast<int>(me) + 1);
            locked[me] = true;
            eventually([&] { return locked[1 - me].load(); });
            pgq::query(session, add, 2 - static_cast<int>(me));
        };
    };
    auto one = stores_after(first, "faults_deadlock_effects", crosses(0));
    auto two = stores_after(second, "faults_deadlock_effects", crosses(1));
    at_work works{one, sessions_with("set deadlock_timeout = '20ms'")};
    at_work too{two, sessions_with("set deadlock_timeout = '20ms'")};
    for (auto* const queue : {&first, &second}) {
        queue->insert("n", "1");
        queue->tick();
    }
    BOOST_TEST(eventually([&] { return effects.rows() == "2"; }));
    BOOST_TEST(works.troubles() + too.troubles() >= 1);
    static_cast<void>(works.stop());
    static_cast<void>(too.stop());
    BOOST_TEST(effects.rows() == "2");
    BOOST_TEST(first.value("select min(n) || ' ' || max(n) from faults_deadlock_rows") == "2 2");
}

BOOST_AUTO_TEST_CASE(a_serialization_failure_is_tried_again_and_done_once) {
    consumed_queue queue{"faults_serial"};
    support::table const effects{queue.db, "faults_serial_effects", "data text"};
    support::table const rows{queue.db, "faults_serial_rows", "n int"};
    queue.db.execute("insert into faults_serial_rows values (0)");
    auto other = support::connect();
    std::atomic<int> attempts = 0;
    auto writer = stores_after(queue, "faults_serial_effects", [&](auto& session) {
        // Somebody else changes the row after this transaction has taken its snapshot.
        if (++attempts <= 2) other.execute("update faults_serial_rows set n = n + 100");
        pgq::query(session, "update faults_serial_rows set n = n + 1");
    });
    at_work work{writer, sessions_with("set default_transaction_isolation = 'serializable'")};
    queue.insert_many("n", 3);
    queue.tick();
    BOOST_TEST(eventually([&] { return effects.rows() == "3"; }));
    BOOST_TEST(work.troubles() >= 2);
    static_cast<void>(work.stop());
    BOOST_TEST(effects.rows() == "3");
    BOOST_TEST(queue.value("select n from faults_serial_rows") == "203");
}

BOOST_AUTO_TEST_CASE(with_at_least_once_transient_trouble_of_the_handler_loses_nothing) {
    consumed_queue queue{"faults_least"};
    support::table const effects{queue.db, "faults_least_effects", "data text"};
    auto side = support::connect();
    std::atomic<int> attempts = 0;
    pgq::consumer writer{queue.source, often, [&](pgq::event const& ev) {
                             if (++attempts == 3) {
                                 throw pgq::sql_error{"deadlock detected", {.state = pgq::sqlstate{"40P01"}}};
                             }
                             pgq::query(side, "insert into faults_least_effects values ($1)", ev.data);
                         }};
    at_work work{writer, support::conninfo()};
    queue.insert_many("n", 5);
    queue.tick();
    BOOST_TEST(eventually([&] { return effects.rows() == "7"; }));  // what came before the failure came again
    BOOST_TEST(work.stop().batches >= 1U);
    BOOST_TEST(effects.rows() == "7");
    BOOST_TEST(queue.value("select count(distinct data) from faults_least_effects") == "5");
}

BOOST_AUTO_TEST_CASE(a_link_that_breaks_while_events_are_handed_back_loses_none_and_doubles_none) {
    consumed_queue queue{"faults_retry"};
    support::table const effects{queue.db, "faults_retry_effects", "data text"};
    support::proxy link{support::conninfo()};
    pgq::consumer writer{queue.source, pgq::same_transaction{}, often,
                         [](pgq::event const& ev, pgq::transport auto& session) {
                             if (ev.retry == 0) return pgq::retry_in(0s);
                             pgq::query(session, "insert into faults_retry_effects values ($1)", ev.data);
                             return pgq::done();
                         }};
    at_work work{writer, link.conninfo()};
    int expected = 0;
    for (auto const what : {support::fault::cut_before, support::fault::cut_after}) {
        for (auto const* const step : {"event_retry($1", "finish_batch", "commit"}) {
            queue.insert_many("n", 4);
            link.arm(what, step);
            queue.tick();
            BOOST_TEST(eventually([&] { return link.struck(); }), "nothing was sent that holds " << step);
            link.disarm();
            expected += 4;
            BOOST_TEST(eventually([&] {
                           queue.redeliver_if_due();
                           return effects.rows() == std::to_string(expected);
                       }),
                       "after " << step);
        }
    }
    static_cast<void>(work.stop());
    BOOST_TEST(effects.rows() == std::to_string(expected));
    BOOST_TEST(work.troubles() >= 6);
}

BOOST_AUTO_TEST_CASE(notifications_that_get_lost_in_silence_cost_time_but_no_events) {
    consumed_queue queue{"faults_silence"};
    support::proxy link{support::conninfo()};
    link.swallow_notifications();
    std::atomic<int> handled = 0;
    pgq::consumer counter{queue.source, pgq::notify{.fallback = 50ms}, [&](pgq::event const&) { ++handled; }};
    at_work work{counter, link.conninfo()};
    for (int round = 1; round <= 3; ++round) {
        queue.insert("n", "1");
        queue.tick();
        BOOST_TEST(eventually([&] { return handled == round; }));
    }
    // It does listen, and what it would have heard was swallowed.
    BOOST_TEST(eventually([&] {
        pgq::query(queue.db, "select pg_notify('pgq_tick', $1)", queue.source.queue);
        return link.swallowed() > 0;
    }));
    BOOST_TEST(work.troubles() == 0);
    static_cast<void>(work.stop());
}

BOOST_AUTO_TEST_SUITE_END()
