#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/policy/tracked.hpp>

#include <support/boost_test.hpp>
#include <support/tracked.hpp>

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(pgq_policy_tracked_fencing)

using support::store;
using support::target;
using play = support::tracked_play;

namespace {

/// A source that lets something happen between the moment a batch is handed out and the moment work on it begins.
struct slow_source : pgq::subscription {
    std::function<void()> meanwhile;

    auto next(pgq::transport auto& db) const {
        auto const info = subscription::next(db);
        if (info && meanwhile) meanwhile();
        return info;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_batch_that_a_namesake_has_finished_has_no_effects) {
    play it{"tracked_fenced"};
    auto other = support::connect();
    pgq::consumer fast{it.queue.source, pgq::tracked{target()}, store};
    for (int batches : {1, 2}) {
        for (int i = 0; i < batches; ++i) {
            it.queue.insert("n", "1");
            it.queue.tick();
        }
        auto const before = std::stoi(it.effects.rows());
        slow_source source{it.queue.source, {}};
        source.meanwhile = [&] {
            while (fast.step(other)) {}
        };
        pgq::consumer slow{source, pgq::tracked{target()}, store};
        auto const failure = support::thrown<pgq::fenced_error>([&] { it.queue.step(slow); });
        BOOST_TEST(std::string{failure.what()}.find("another process works under the same name") != std::string::npos);
        BOOST_TEST(std::stoi(it.effects.rows()) == before + batches);
    }
}

BOOST_AUTO_TEST_CASE(of_two_at_one_batch_the_second_waits_and_has_no_effects) {
    play it{"tracked_race"};
    it.queue.insert("n", "1");
    it.queue.insert("late", "2");
    it.queue.tick();
    std::optional<std::jthread> rival;
    std::atomic<int> fenced = 0;
    auto const run = [&](auto& consumer, auto& db) {
        try {
            while (consumer.step(db)) {}
        } catch (pgq::fenced_error const&) { ++fenced; }
    };
    pgq::consumer second{it.queue.source, pgq::tracked{target()}, store};
    pgq::consumer first{
        it.queue.source, pgq::tracked{target()}, [&](pgq::event const& ev, pgq::transport auto& session) {
            if (!rival) {
                rival.emplace([&] {
                    auto db = support::connect();
                    run(second, db);
                });
                BOOST_TEST(support::eventually([&] {
                    return it.queue.value("select count(*) from pg_stat_activity where wait_event_type = "
                                          "'Lock' and query ~ 'advance_tic[k]'") == "1";
                }));
            }
            return store(ev, session);
        }};
    auto db = support::connect();
    run(first, db);
    rival.reset();
    BOOST_TEST(it.effects.rows() == "1");
    BOOST_TEST(it.retries() == "1");
    BOOST_TEST(fenced <= 1);
    BOOST_TEST(it.queue.value("select count(*) from pgq.subscription where sub_batch is not null and sub_queue = "
                              "(select queue_id from pgq.queue where queue_name = 'tracked_race')") == "0");
}

BOOST_AUTO_TEST_CASE(a_subscription_that_was_moved_back_is_not_passed_over_in_silence) {
    play it{"tracked_moved"};
    auto const start = it.queue.value("select sub_last_tick from pgq.get_consumer_info('tracked_moved', 'tester') i, "
                                      "pgq.subscription s, pgq.queue q where q.queue_name = i.queue_name and "
                                      "s.sub_queue = q.queue_id");
    pgq::consumer writer{it.queue.source, pgq::tracked{target()}, store};
    for (int i = 0; i < 2; ++i) {
        it.queue.insert("n", "1");
        it.queue.tick();
        BOOST_TEST(it.queue.step(writer).has_value());
    }
    pgq::query(it.queue.db, "select pgq.register_consumer_at('tracked_moved', 'tester', $1::bigint)", start);
    auto const failure = support::thrown<pgq::fenced_error>([&] { it.queue.step(writer); });
    BOOST_TEST(std::string{failure.what()}.find("pgq_ext.set_last_tick('tracked_moved/tester', null)") !=
               std::string::npos);
    pgq::query(it.queue.db, "select pgq_ext.set_last_tick('tracked_moved/tester', null)");
    while (writer.step(it.queue.db)) {}
    BOOST_TEST(it.effects.rows() == "4");
}

BOOST_AUTO_TEST_CASE(a_stop_ends_the_wait_for_a_namesake) {
    play it{"tracked_stop"};
    it.queue.insert("n", "1");
    it.queue.tick();
    auto holder = support::connect();
    holder.begin();
    pgq::query(holder, "insert into pgq_ext.completed_tick values ('tracked_stop/tester', '', 1)");
    pgq::consumer writer{it.queue.source, pgq::tracked{target()}, store};
    std::stop_source stop;
    std::jthread const stopper{[&] {
        auto observer = support::connect();
        BOOST_TEST(support::eventually([&] {
            return support::text_of(observer.execute("select count(*) from pg_stat_activity where wait_event_type = "
                                                     "'Lock' and query ~ 'advance_tic[k]'")) == "1";
        }));
        stop.request_stop();
    }};
    support::stopwatch const watch;
    BOOST_CHECK_THROW(while (writer.step(it.queue.db, stop.get_token())){}, pgq::stopped);
    BOOST_TEST(watch.was_soon());
    holder.rollback();
    while (writer.step(it.queue.db)) {}
    BOOST_TEST(it.effects.rows() == "1");
}

BOOST_AUTO_TEST_SUITE_END()
