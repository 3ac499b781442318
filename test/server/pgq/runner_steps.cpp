/// Links that break at each step of what a consumer may be made of: with one transaction nothing is lost and nothing
/// comes twice, with at_least_once nothing is lost.
#include <pgq/codecs.hpp>
#include <pgq/policy/bisected.hpp>
#include <pgq/policy/tracked.hpp>
#include <pgq/runner.hpp>
#include <pgq/source/coop_subscription.hpp>

#include <support/boost_test.hpp>
#include <support/proxy.hpp>
#include <support/queue.hpp>
#include <support/running.hpp>
#include <support/strikes.hpp>
#include <support/tracked.hpp>

#include <chrono>
#include <initializer_list>
#include <stop_token>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(pgq_runner_steps)

using namespace std::chrono_literals;
using support::consumed_queue;
using support::eventually;
using support::fault;

namespace {

constexpr pgq::poll often{.interval = 5ms, .longest = 20ms};

/// A queue of its own, and a table that each event's data is to come into once.
struct exact_play {
    consumed_queue queue;
    std::string name;
    support::table effects;
    support::proxy link{support::conninfo()};
    int expected = 0;

    explicit exact_play(std::string const& of)
        : queue{of}, name{of + "_effects"}, effects{queue.db, name, "data text"} {}

    auto write() {
        return [into = "insert into " + name + " values ($1)"](pgq::event const& ev, pgq::transport auto& session) {
            pgq::query(session, into, ev.data);
        };
    }
    /// Three events for each step.
    void strike(std::initializer_list<char const*> steps) {
        auto const send = [&](std::string const& data) {
            for (int i = 0; i < 3; ++i)
                queue.insert("n", data);
            queue.tick();
            expected += 3;
        };
        auto const came = [&](std::string const&) { return effects.rows() == std::to_string(expected); };
        support::strike(link, {fault::cut_before, fault::cut_after}, steps, send, came);
    }
    ~exact_play() { BOOST_TEST(effects.rows() == std::to_string(expected)); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_cursor) {
    exact_play play{"steps_cursor"};
    pgq::consumer writer{play.queue.source, pgq::same_transaction{}, pgq::by_cursor{.rows = 1}, often, play.write()};
    support::at_work work{writer, play.link.conninfo()};
    play.strike({"get_batch_cursor", "fetch 1 from pgq_batch", "close pgq_batch"});
    static_cast<void>(work.stop());
}

BOOST_AUTO_TEST_CASE(a_member_of_several) {
    exact_play play{"steps_member"};
    pgq::coop_subscription const member{play.queue.source.queue, "shared", "one", 1h};
    member.subscribe(play.queue.db);
    pgq::consumer writer{member, pgq::same_transaction{}, often, play.write()};
    support::at_work work{writer, play.link.conninfo()};
    play.strike({"pgq_coop.next_batch", "get_batch_info", "pgq_coop.heartbeat(", "pgq_coop.finish_batch"});
    static_cast<void>(work.stop());
}

BOOST_AUTO_TEST_CASE(the_target_of_one_that_is_tracked) {
    support::tracked_play play{"steps_tracked"};
    support::proxy link{support::conninfo()};
    auto const target = [&](std::stop_token const& stop) {
        return pgq::libpq::connection{link.conninfo(), {.stop = stop, .prepare_statements = false}};
    };
    pgq::consumer mover{play.queue.source, pgq::tracked{target}, often, support::store};
    support::at_work work{mover, support::conninfo()};
    int expected = 0;
    auto const send = [&](std::string const& data) {
        play.queue.insert("n", data);
        play.queue.tick();
        ++expected;
    };
    support::strike(link, {fault::cut_before, fault::cut_after}, {"begin", "advance_tick", "tracked_effects", "commit"},
                    send, [&](std::string const&) { return play.effects.rows() == std::to_string(expected); });
    static_cast<void>(work.stop());
    BOOST_TEST(play.effects.rows() == "8");
    BOOST_TEST(work.troubles() >= 8);
}

BOOST_AUTO_TEST_CASE(letters_to_the_dead) {
    consumed_queue queue{"steps_letters"};
    pgq::create_dead_letter_queue(queue.db, "steps_letters.dead");
    support::proxy link{support::conninfo()};
    pgq::consumer refuser{queue.source, often, [](pgq::event const&) { return pgq::dead_letter("cannot be"); }};
    support::at_work work{refuser, link.conninfo()};
    auto const letters = [&] {
        return queue.value("select count(distinct ev_data) from pgq.event_template where ev_type = 'letter'");
    };
    int expected = 0;
    auto const send = [&](std::string const& data) {
        queue.insert("letter", data);
        queue.tick();
        ++expected;
    };
    // Counted with the queue's own events, of which each is one too.
    auto const twice = [&] { return queue.value("select count(*) from pgq.event_template where ev_type = 'letter'"); };
    support::strike(link, {fault::cut_before, fault::cut_after}, {"pgq.insert_event($1", "finish_batch", "commit"},
                    send, [&](std::string const&) { return twice() == std::to_string(2 * expected); });
    static_cast<void>(work.stop());
    BOOST_TEST(letters() == std::to_string(expected));
    BOOST_TEST(twice() == std::to_string(2 * expected));
}

BOOST_AUTO_TEST_CASE(marks_of_a_batch_that_may_end_its_process) {
    consumed_queue queue{"steps_marks"};
    support::proxy link{support::conninfo()};
    support::seen events;
    pgq::consumer careful{queue.source, pgq::bisected{}, often, [&](pgq::event const& ev) { events.add(ev.data); }};
    support::at_work work{careful, link.conninfo()};
    auto const send = [&](std::string const& data) {
        queue.insert("n", data);
        queue.tick();
    };
    support::strike(link, {fault::cut_before, fault::cut_after}, {"begin_attempt", "finish_batch"}, send,
                    [&](std::string const& data) { return events.has(data); });
    static_cast<void>(work.stop());
    BOOST_TEST(queue.value("select count(*) from pgq.event_template where ev_type = 'n' and ev_extra4 is not null") ==
               "0");
}

BOOST_AUTO_TEST_CASE(the_wish_to_be_woken) {
    consumed_queue queue{"steps_listen"};
    support::seen events;
    for (auto const what : {fault::cut_before, fault::cut_after}) {
        support::proxy link{support::conninfo()};
        link.arm(what, "listen");
        pgq::consumer collector{queue.source, pgq::notify{.fallback = 50ms},
                                [&](pgq::event const& ev) { events.add(ev.data); }};
        support::at_work work{collector, link.conninfo()};
        BOOST_TEST(eventually([&] { return link.struck(); }));
        link.disarm();
        auto const data = "after" + std::to_string(static_cast<int>(what));
        queue.insert("n", data);
        queue.tick();
        BOOST_TEST(eventually([&] { return events.has(data); }));
        static_cast<void>(work.stop());
        BOOST_TEST(work.troubles() >= 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
