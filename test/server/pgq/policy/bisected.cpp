#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/policy/bisected.hpp>

#include <support/boost_test.hpp>
#include <support/queue.hpp>

#include <stdexcept>
#include <stop_token>
#include <string>

BOOST_AUTO_TEST_SUITE(pgq_policy_bisected)

using support::consumed_queue;

namespace {

/// What is known of the queue's newest batch.
std::string attempt(consumed_queue& queue) {
    return queue.value("select coalesce(worker is null, true) || ' ' || deaths || ' ' || coalesce(place, -1) "
                       "from pgq.attempt join pgq.queue on queue_id = sub_queue where queue_name = '" +
                       queue.source.queue + "'");
}

/// So many processes die with the queue's next batch.
void die(consumed_queue& queue, int times) {
    for (int i = 0; i < times; ++i) {
        struct death {};
        // Another consumer each time; what it leaves is what a process leaves that ends within the handler.
        pgq::consumer victim{queue.source, pgq::bisected{}, [&](pgq::event const&) -> void { throw death{}; }};
        BOOST_CHECK_THROW(static_cast<void>(queue.step(victim)), death);
        pgq::query(queue.db,
                   "update pgq.attempt set worker = 'dead' where sub_queue = "
                   "(select queue_id from pgq.queue where queue_name = $1)",
                   queue.source.queue);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_is_stopped_has_not_died) {
    consumed_queue queue{"bisected_stop"};
    queue.insert_many("n", 3);
    queue.tick();
    std::stop_source stop;
    pgq::consumer work{queue.source, pgq::bisected{}, [&](pgq::event const&) { stop.request_stop(); }};
    // As the runner does: the session heeds the stop too, and can be used again under another token.
    queue.db.stop_token(stop.get_token());
    BOOST_CHECK_THROW(while (work.step(queue.db, stop.get_token())){}, pgq::stopped);
    BOOST_TEST(queue.db.stop_requested());
    queue.db.stop_token({});
    BOOST_TEST(attempt(queue) == "true 0 -1");
}

BOOST_AUTO_TEST_CASE(apart_each_event_is_committed_with_the_place_of_the_next) {
    consumed_queue queue{"bisected_apart"};
    support::table const effects{queue.db, "bisected_effects", "data text"};
    queue.insert_many("n", 4);
    queue.tick();
    die(queue, 2);
    auto other = support::connect();
    bool fails = true;
    pgq::consumer work{queue.source, pgq::same_transaction{}, pgq::bisected{},
                       [&](pgq::event const& ev, pgq::transport auto& session) {
                           pgq::query(session, "insert into bisected_effects values ($1)", ev.data);
                           if (ev.data == "3" && fails) throw std::runtime_error{"no"};
                       }};
    BOOST_CHECK_THROW(static_cast<void>(queue.step(work)), std::runtime_error);
    BOOST_TEST(support::text_of(other.execute("select string_agg(data, ',' order by data) from bisected_effects")) ==
               "1,2");
    BOOST_TEST(attempt(queue) == "true 2 2");
    fails = false;
    BOOST_TEST(queue.step(work).value().counts.done == 2);
    BOOST_TEST(effects.rows() == "4");
    BOOST_TEST(!queue.step(work).has_value());
}

BOOST_AUTO_TEST_CASE(apart_of_two_with_one_name_only_one_goes_on) {
    consumed_queue queue{"bisected_fenced"};
    support::table const effects{queue.db, "bisected_effects", "data text"};
    queue.insert_many("n", 3);
    queue.tick();
    die(queue, 2);
    auto other = support::connect();
    pgq::consumer fast{queue.source, pgq::same_transaction{}, pgq::bisected{},
                       [](pgq::event const& ev, pgq::transport auto& session) {
                           pgq::query(session, "insert into bisected_effects values ($1)", ev.data);
                       }};
    pgq::consumer slow{queue.source, pgq::same_transaction{}, pgq::bisected{},
                       [&](pgq::event const& ev, pgq::transport auto& session) {
                           pgq::query(session, "insert into bisected_effects values ($1)", ev.data);
                           while (ev.data == "2" && fast.step(other)) {}
                       }};
    BOOST_CHECK_THROW(static_cast<void>(queue.step(slow)), pgq::fenced_error);
    BOOST_TEST(queue.value("select string_agg(data, ',' order by data) from bisected_effects") == "1,2,3");
}

BOOST_AUTO_TEST_SUITE_END()
