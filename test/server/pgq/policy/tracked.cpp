#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/policy/tracked.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>

#include <support/boost_test.hpp>
#include <support/tracked.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

BOOST_AUTO_TEST_SUITE(pgq_policy_tracked)

using namespace std::chrono_literals;
using support::store;
using support::target;
using play = support::tracked_play;

BOOST_AUTO_TEST_CASE(effects_and_marker_commit_together_or_not_at_all) {
    play it{"tracked_atomic"};
    it.queue.insert_many("n", 3);
    it.queue.tick();
    bool fails = true;
    int sessions = 0;
    pgq::consumer writer{it.queue.source, pgq::tracked{target(nullptr, &sessions)},
                         [&](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, "insert into tracked_effects values ($1)", ev.data);
                             if (fails && ev.data == "3") throw std::runtime_error{"no"};
                         }};
    BOOST_CHECK_THROW(it.queue.step(writer), std::runtime_error);
    BOOST_TEST(it.effects.rows() == "0");
    fails = false;
    sessions = 0;
    BOOST_TEST(it.queue.step(writer)->counts.done == 3);
    for (int i = 0; i < 3; ++i) {
        it.queue.insert("n", "more");
        it.queue.tick();
        BOOST_TEST(it.queue.step(writer)->counts.done == 1);
    }
    BOOST_TEST(it.effects.rows() == "6");
    BOOST_TEST(sessions == 1);
    BOOST_TEST(it.queue.value("select consumer_id from pgq_ext.completed_tick") == "tracked_atomic/tester");
}

BOOST_AUTO_TEST_CASE(what_died_between_the_commits_is_only_finished_and_its_verdicts_are_sent) {
    play it{"tracked_between"};
    bool dies = true;
    pgq::consumer first{it.queue.source, pgq::tracked{target(&dies)}, store};
    first.subscribe(it.queue.db);
    for (auto const* const type : {"n", "late", "bad", "n"})
        it.queue.insert(type, type);
    it.queue.tick();
    BOOST_CHECK_THROW(it.queue.step(first), pgq::connection_error);
    BOOST_TEST(it.effects.rows() == "2");
    BOOST_TEST(it.kept() == "2");
    BOOST_TEST(it.retries() == "0");
    BOOST_TEST(it.letters() == "0");

    int handled = 0;
    pgq::consumer second{it.queue.source, pgq::tracked{target()},
                         [&](pgq::event const& ev, pgq::transport auto& session) {
                             ++handled;
                             return store(ev, session);
                         }};
    while (second.step(it.queue.db)) {}
    BOOST_TEST(handled == 0);
    BOOST_TEST(it.effects.rows() == "2");
    BOOST_TEST(it.retries() == "1");
    BOOST_TEST(it.letters() == "1");

    it.queue.redeliver();
    while (second.step(it.queue.db)) {}
    BOOST_TEST(handled == 1);
    BOOST_TEST(it.effects.rows() == "3");
    BOOST_TEST(it.kept() == "0");
}

BOOST_AUTO_TEST_CASE(verdicts_of_a_large_batch_are_kept_and_sent_in_order_and_once) {
    play it{"tracked_many"};
    bool dies = true;
    auto const judge = [](pgq::event const& ev) {
        return ev.type == "bad" ? pgq::dead_letter("cannot be") : pgq::retry_in(0s);
    };
    pgq::consumer first{it.queue.source, pgq::tracked{target(&dies)}, judge};
    first.subscribe(it.queue.db);
    // Letters that are not all held in memory, and more than one page of retries.
    for (int i = 0; i < 5; ++i)
        it.queue.insert("bad", std::string(std::size_t{2} << 20U, 'x'));
    it.queue.insert_many("n", 600);
    it.queue.tick();
    BOOST_CHECK_THROW(it.queue.step(first), pgq::connection_error);
    BOOST_TEST(it.kept() == "605");
    BOOST_TEST(it.retries() == "0");
    pgq::consumer second{it.queue.source, pgq::tracked{target()}, judge};
    while (second.step(it.queue.db)) {}
    BOOST_TEST(it.retries() == "600");
    BOOST_TEST(it.letters() == "5");
    BOOST_TEST(it.queue.value("select count(distinct length(ev_data)) from pgq.event_template where ev_type = 'bad'") ==
               "1");
}

BOOST_AUTO_TEST_CASE(a_savepoint_keeps_a_failing_statement_to_its_event) {
    play it{"tracked_savepoint"};
    it.queue.db.execute("create unique index on tracked_effects (data)");
    for (auto const* const data : {"a", "b", "a", "c"})
        it.queue.insert("n", data);
    it.queue.tick();
    pgq::consumer writer{it.queue.source, pgq::tracked{target(), {.name = "warehouse"}},
                         pgq::retry{pgq::for_state{"23505", pgq::fixed{.delay = 1h}}}, pgq::savepoint{}, store};
    auto const counts = it.queue.step(writer).value().counts;
    BOOST_TEST((counts == pgq::verdict_counts{.events = 4, .done = 3, .retried = 1}));
    BOOST_TEST(it.effects.rows() == "3");
    BOOST_TEST(it.retries() == "1");
    BOOST_TEST(it.queue.value("select consumer_id from pgq_ext.completed_tick") == "warehouse");
}

BOOST_AUTO_TEST_CASE(a_target_without_pgq_ext_is_named) {
    play it{"tracked_nothing"};
    it.queue.insert("n", "1");
    it.queue.tick();
    pgq::consumer writer{it.queue.source, pgq::tracked{support::conninfo() + " dbname=template1"}, store};
    auto const failure = support::thrown<pgq::usage_error>([&] { it.queue.step(writer); });
    BOOST_TEST(std::string{failure.what()}.starts_with("the target of pgq::tracked has no pgq_ext 4.0; "));
}

BOOST_AUTO_TEST_SUITE_END()
