#include <pgq/codecs.hpp>
#include <pgq/group.hpp>

#include <support/boost_test.hpp>
#include <support/proxy.hpp>
#include <support/queue.hpp>
#include <support/running.hpp>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <string>

BOOST_AUTO_TEST_SUITE(pgq_group)

using namespace std::chrono_literals;
using support::consumed_queue;
using support::eventually;
using support::patient;
using support::silent;

namespace {

/// Runs a group on a thread of its own until stopped.
template <class Group> class running : public support::until_stopped<void> {
public:
    running(Group& group, std::string conninfo, pgq::run_options<silent> options = patient)
        : until_stopped{[&group, conninfo = std::move(conninfo), options](std::stop_token const& stop) {
              group.run(conninfo, stop, options);
          }} {}
};

/// A second consumer on a queue.
pgq::subscription second(consumed_queue& queue) {
    pgq::subscription other{queue.source.queue, "second"};
    other.subscribe(queue.db);
    return other;
}

}  // namespace

BOOST_AUTO_TEST_CASE(several_consumers_get_all_events_on_one_thread_and_on_a_few) {
    for (unsigned const threads : {1U, 3U}) {
        consumed_queue first{"group_first"};
        consumed_queue last{"group_last"};
        auto const other = second(first);
        support::table const effects{first.db, "group_effects", "consumer text, data text"};
        auto const store = [](std::string const& name) {
            return [name](pgq::event const& ev, pgq::transport auto& session) {
                pgq::query(session, "insert into group_effects values ($1, $2)", name, ev.data);
            };
        };
        std::atomic<int> handled = 0;
        pgq::consumer one{first.source, pgq::same_transaction{}, store("one")};
        pgq::consumer two{other, pgq::same_transaction{}, pgq::poll{.interval = 10ms}, store("two")};
        pgq::consumer three{last.source, [&](pgq::event const&) { ++handled; }};
        pgq::group all{pgq::threads{threads}, one, two, three};
        running work{all, support::conninfo()};
        for (int round = 1; round <= 3; ++round) {
            first.insert_many("n", 10);
            last.insert_many("n", 5);
            first.tick();
            last.tick();
            BOOST_TEST(eventually([&] { return effects.rows() == std::to_string(20 * round); }));
            BOOST_TEST(eventually([&] { return handled == 5 * round; }));
        }
        support::stopwatch const watch;
        work.stop();
        BOOST_TEST(watch.was_soon());
        for (auto const& result : all.results()) {
            BOOST_TEST((result.failure == nullptr));
            BOOST_TEST(result.report.sessions == 1U);
        }
        BOOST_TEST(all.results()[0].report.counts.done == 30U);
        BOOST_TEST(all.results()[1].report.counts.done == 30U);
        BOOST_TEST(all.results()[2].report.counts.done == 15U);
    }
}

BOOST_AUTO_TEST_CASE(a_notification_wakes_the_one_it_is_for) {
    consumed_queue first{"group_notify_first"};
    consumed_queue last{"group_notify_last"};
    std::atomic<int> handled = 0;
    // The fallback would be far too late.
    pgq::consumer one{first.source, pgq::notify{.fallback = 1h}, [&](pgq::event const&) { ++handled; }};
    pgq::consumer two{last.source, pgq::notify{.fallback = 1h}, [&](pgq::event const&) { ++handled; }};
    pgq::group both{one, two};
    running work{both, support::conninfo()};
    int expected = 0;
    for (auto* const queue : {&last, &first, &last}) {
        queue->insert("n", "1");
        queue->tick();
        ++expected;
        BOOST_TEST(eventually([&] {
            pgq::query(queue->db, "select pg_notify('pgq_tick', $1)", queue->source.queue);
            return handled == expected;
        }));
    }
    work.stop();
    BOOST_TEST(both.results()[0].report.counts.done == 1U);
    BOOST_TEST(both.results()[1].report.counts.done == 2U);
}

BOOST_AUTO_TEST_CASE(a_link_that_breaks_is_replaced_and_a_consumer_that_fails_does_not_stop_the_others) {
    consumed_queue queue{"group_trouble"};
    auto const other = second(queue);
    support::table const effects{queue.db, "group_trouble_effects", "data text"};
    support::proxy link{support::conninfo()};
    pgq::consumer bad{other, [](pgq::event const&) { throw std::runtime_error{"no"}; }};
    pgq::consumer good{queue.source, pgq::same_transaction{}, pgq::notify{.fallback = 50ms},
                       [](pgq::event const& ev, pgq::transport auto& session) {
                           pgq::query(session, "insert into group_trouble_effects values ($1)", ev.data);
                       }};
    pgq::group both{pgq::threads{2}, bad, good};
    auto options = patient;
    options.prepare_statements = false;  // each statement crosses the link with its text
    running work{both, link.conninfo(), options};
    int expected = 0;
    for (auto const* const step : {"group_trouble_effects", "finish_batch", "commit", "next_batch_custom"}) {
        queue.insert_many("n", 5);
        link.arm(support::fault::cut_after, step);
        queue.tick();
        expected += 5;
        BOOST_TEST(eventually([&] { return link.struck(); }), "nothing was sent that holds " << step);
        link.disarm();
        BOOST_TEST(eventually([&] { return effects.rows() == std::to_string(expected); }), "after " << step);
    }
    BOOST_CHECK_EXCEPTION(work.stop(), std::runtime_error,
                          [](std::runtime_error const& failure) { return std::string{failure.what()} == "no"; });
    BOOST_TEST(effects.rows() == std::to_string(expected));
    BOOST_TEST((both.results()[0].failure != nullptr));
    BOOST_TEST(both.results()[1].report.sessions > 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_that_does_not_end_is_left_after_the_grace) {
    consumed_queue queue{"group_grace"};
    auto const other = second(queue);
    queue.insert("n", "1");
    queue.tick();
    auto const sleep = [](pgq::event const&, pgq::transport auto& session) {
        pgq::query(session, "select pg_sleep(3600) as group_grace");
    };
    pgq::consumer one{queue.source, pgq::same_transaction{}, sleep};
    pgq::consumer two{other, pgq::same_transaction{}, sleep};
    pgq::group both{pgq::threads{2}, one, two};
    auto options = patient;
    options.grace = 10ms;
    running work{both, support::conninfo(), options};
    BOOST_TEST(eventually([&] {
        return queue.value(
                   "select count(*) from pg_stat_activity where state = 'active' and query ~ 'as group_grac[e]'") ==
               "2";
    }));
    support::stopwatch const watch;
    work.stop();
    BOOST_TEST(watch.was_soon());
    int seen = 0;
    pgq::consumer after{queue.source, [&](pgq::event const&) { ++seen; }};
    while (after.step(queue.db)) {}
    BOOST_TEST(seen == 1);
}

BOOST_AUTO_TEST_SUITE_END()
