#include <pgq/codecs.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/runner.hpp>

#include <support/boost_test.hpp>
#include <support/proxy.hpp>
#include <support/queue.hpp>
#include <support/running.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(pgq_runner)

using namespace std::chrono_literals;
using support::connect;
using support::consumed_queue;
using support::eventually;
using support::patient;
using support::silent;

namespace {

// Each statement crosses the link with its text, so that a fault can be tied to it.
pgq::run_options<silent> const spelt_out{.first_pause = 1ms, .longest_pause = 20ms, .prepare_statements = false};

/// Runs a consumer on a thread of its own until stopped.
template <class Consumer, class Options = pgq::run_options<silent>>
class running : public support::until_stopped<pgq::run_report> {
public:
    running(Consumer& consumer, std::string conninfo, Options options = patient)
        : until_stopped{[&consumer, conninfo = std::move(conninfo), options](std::stop_token const& stop) {
              return pgq::run(consumer, conninfo, stop, options);
          }} {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(handles_what_comes_and_ends_when_told) {
    consumed_queue queue{"runner_plain"};
    support::table const effects{queue.db, "runner_plain_effects", "data text"};
    pgq::consumer writer{queue.source, pgq::same_transaction{}, [](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, "insert into runner_plain_effects values ($1)", ev.data);
                         }};
    running work{writer, support::conninfo()};
    for (int round = 1; round <= 3; ++round) {
        queue.insert_many("n", 10);
        queue.tick();
        BOOST_TEST(eventually([&] { return effects.rows() == std::to_string(10 * round); }));
    }
    support::stopwatch const watch;
    auto const report = work.stop();
    BOOST_TEST(watch.was_soon());
    BOOST_TEST(report.counts.done == 30);
    BOOST_TEST(report.sessions == 1);
}

BOOST_AUTO_TEST_CASE(a_notification_wakes_it) {
    consumed_queue queue{"runner_notify"};
    std::atomic<int> handled = 0;
    // The fallback would be far too late.
    pgq::consumer counter{queue.source, pgq::notify{.fallback = 1h}, [&](pgq::event const&) { ++handled; }};
    running work{counter, support::conninfo()};
    BOOST_TEST(eventually([&] {
        return queue.value(
                   "select count(*) from pg_stat_activity where state = 'idle' and query ~* 'next_batch_custom'") !=
               "0";
    }));
    queue.insert("n", "1");
    queue.tick();
    BOOST_TEST(eventually([&] {
        pgq::query(queue.db, "select pg_notify('pgq_tick', $1)", queue.source.queue);
        return handled == 1;
    }));
    BOOST_TEST(work.stop().counts.done == 1);
}

BOOST_AUTO_TEST_CASE(a_killed_session_is_replaced) {
    consumed_queue queue{"runner_killed"};
    support::table const effects{queue.db, "runner_killed_effects", "data text"};
    std::atomic<int> pid = 0;
    pgq::consumer writer{queue.source, pgq::same_transaction{},
                         [&](pgq::event const& ev, pgq::transport auto& session) {
                             pid = pgq::value_of<int>(pgq::query(session, "select pg_backend_pid()"), 0, 0);
                             pgq::query(session, "insert into runner_killed_effects values ($1)", ev.data);
                         }};
    running work{writer, support::conninfo()};
    for (int round = 1; round <= 3; ++round) {
        queue.insert("n", "1");
        queue.tick();
        BOOST_TEST(eventually([&] { return effects.rows() == std::to_string(round); }));
        pgq::query(queue.db, "select pg_terminate_backend($1::int)", pid.load());
    }
    BOOST_TEST(work.stop().counts.done == 3);
}

BOOST_AUTO_TEST_CASE(a_link_that_breaks_anywhere_loses_nothing_and_doubles_nothing) {
    consumed_queue queue{"runner_cut"};
    support::table const effects{queue.db, "runner_cut_effects", "data text"};
    support::proxy link{support::conninfo()};
    pgq::consumer writer{queue.source, pgq::same_transaction{}, pgq::notify{.fallback = 50ms},
                         [](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, "insert into runner_cut_effects values ($1)", ev.data);
                         }};
    running work{writer, link.conninfo(), spelt_out};
    int expected = 0;
    for (auto const what : {support::fault::cut_before, support::fault::cut_after}) {
        for (auto const* const step : {"next_batch_custom", "begin", "batch_event_sql", "copy (select",
                                       "runner_cut_effects", "finish_batch", "commit"}) {
            queue.insert_many("n", 5);
            link.arm(what, step);
            queue.tick();
            expected += 5;
            BOOST_TEST(eventually([&] { return link.struck(); }), "nothing was sent that holds " << step);
            link.disarm();
            BOOST_TEST(eventually([&] { return effects.rows() == std::to_string(expected); }), "after " << step);
        }
    }
    auto const report = work.stop();
    BOOST_TEST(effects.rows() == std::to_string(expected));
    BOOST_TEST(report.sessions >= 14);
}

BOOST_AUTO_TEST_CASE(at_least_once_loses_nothing_when_the_link_breaks) {
    consumed_queue queue{"runner_cut_plain"};
    support::proxy link{support::conninfo()};
    std::mutex mutex;
    std::string seen;
    pgq::consumer collector{queue.source, pgq::notify{.fallback = 50ms}, [&](pgq::event const& ev) {
                                std::lock_guard const hold{mutex};
                                seen += std::string{ev.data} + ' ';
                            }};
    auto const has = [&](std::string const& data) {
        std::lock_guard const hold{mutex};
        return seen.find(data + ' ') != std::string::npos;
    };
    running work{collector, link.conninfo(), spelt_out};
    int round = 0;
    for (auto const what : {support::fault::cut_before, support::fault::cut_after}) {
        for (auto const* const step :
             {"next_batch_custom", "batch_event_sql", "copy (select", "finish_batch", "commit"}) {
            auto const data = "round" + std::to_string(++round);
            queue.insert("n", data);
            link.arm(what, step);
            queue.tick();
            BOOST_TEST(eventually([&] { return link.struck(); }), "nothing was sent that holds " << step);
            link.disarm();
            BOOST_TEST(eventually([&] { return has(data); }), "after " << step);
        }
    }
    static_cast<void>(work.stop());
}

BOOST_AUTO_TEST_CASE(a_batch_that_does_not_end_is_left_after_the_grace) {
    consumed_queue queue{"runner_grace"};
    queue.insert("n", "1");
    queue.tick();
    pgq::consumer sleeper{queue.source, pgq::same_transaction{}, [](pgq::event const&, pgq::transport auto& session) {
                              pgq::query(session, "select pg_sleep(3600) as runner_grace");
                          }};
    auto options = patient;
    options.grace = 10ms;
    running work{sleeper, support::conninfo(), options};
    BOOST_TEST(eventually([&] {
        return queue.value(
                   "select count(*) from pg_stat_activity where state = 'active' and query ~ 'as runner_grac[e]'") ==
               "1";
    }));
    support::stopwatch const watch;
    BOOST_TEST(work.stop().batches == 0);
    BOOST_TEST(watch.was_soon());
    int seen = 0;
    pgq::consumer after{queue.source, [&](pgq::event const&) { ++seen; }};
    while (after.step(queue.db)) {}
    BOOST_TEST(seen == 1);
}

BOOST_AUTO_TEST_CASE(a_missing_subscription_ends_it) {
    consumed_queue queue{"runner_missing"};
    queue.source.unsubscribe(queue.db);
    pgq::consumer nobody{queue.source, [](pgq::event const&) {}};
    running work{nobody, support::conninfo()};
    BOOST_CHECK_THROW(work.result(), pgq::usage_error);
}

BOOST_AUTO_TEST_SUITE_END()
