#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/dead_letter_queue.hpp>

#include <support/boost_test.hpp>
#include <support/queue.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_dead_letter_queue)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::connect;
using support::consumed_queue;
using lines = std::vector<std::string>;

namespace {

std::string described(pgq::event const& ev) {
    auto const text = [](pgq::nullable_text value) {
        return value && value->data() != nullptr ? " <" + std::string{*value} + ">" : std::string{" NULL"};
    };
    auto line = std::to_string(ev.id) + ' ' + std::to_string(ev.retry) + text(ev.type) + text(ev.data);
    for (auto const& extra : ev.extra)
        line += text(extra);
    return line;
}

/// A consumer that sets everything aside until `healed`, and notes what it handles then.
struct patient : consumed_queue {
    bool healed = false;
    lines handled{};

    explicit patient(std::string name) : consumed_queue{std::move(name)} {
        pgq::create_dead_letter_queue(db, source.queue + ".dead");
    }

    auto consumer() {
        return pgq::consumer{source, [this](pgq::event const& ev) {
                                 if (!healed) return pgq::dead_letter("cannot: " + std::string{ev.data});
                                 handled.push_back(described(ev));
                                 return pgq::done();
                             }};
    }
    void work() {
        tick();
        auto worker = consumer();
        while (worker.step(db)) {}
    }
    /// One event for each data, set aside.
    void set_aside(std::vector<std::string> const& data) {
        for (auto const& one : data)
            insert("type", one);
        work();
    }
    pgq::dead_letter_queue<pgq::libpq::connection> letters() {
        return pgq::dead_letter_queue{db, source.queue + ".dead"};
    }
    lines data() {
        lines found;
        for (auto const& one : letters().list())
            found.push_back(one.data.value_or("NULL"));
        return found;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_letter_tells_its_story) {
    patient queue{"letters_story"};
    pgq::query(queue.db, "select pgq.insert_event($1, null, 'data', '', null, 'three', 'four')", queue.source.queue);
    queue.insert("type", "second");
    queue.work();
    auto letters = queue.letters();
    auto const all = letters.list();
    BOOST_REQUIRE(all.size() == 2U);
    auto const& first = all[0];
    BOOST_TEST(!first.type.has_value());
    BOOST_TEST(first.data.value() == "data");
    BOOST_TEST(first.extra[0].value().empty());
    BOOST_TEST((!first.extra[1] && first.extra[2] == "three" && first.extra[3] == "four"));
    auto const& story = first.story.value();
    BOOST_TEST(story.queue == "letters_story");
    BOOST_TEST(story.consumer == "tester");
    BOOST_TEST(story.event == 1);
    BOOST_TEST(story.attempts == 1);
    BOOST_TEST((lines{story.reason, story.first_error, story.last_error} == lines(3, "cannot: data")));
    BOOST_TEST((first.time > pgq::timestamp{}));
    BOOST_TEST(letters.find(all[1].id).value().data.value() == "second");
    BOOST_TEST(!letters.find(all[1].id + 1).has_value());
    BOOST_TEST(letters.list(1).front().id == first.id);
    BOOST_TEST(letters.list(10, first.id).front().id == all[1].id);
    BOOST_TEST(queue.letters().list().size() == 2U);  // looking takes nothing away
}

BOOST_AUTO_TEST_CASE(replayed_to_its_consumer_it_is_the_event_that_it_was) {
    patient queue{"letters_replay"};
    auto const other = pgq::subscription{queue.source.queue, "other"};
    pgq::query(queue.db, "select pgq.insert_event($1, null, 'data', '', null, 'three', 'four')", queue.source.queue);
    queue.set_aside({"second"});
    other.subscribe(queue.db);  // what is inserted from now on is for it too
    auto letters = queue.letters();
    BOOST_TEST(letters.replay(letters.list().front().id));
    queue.healed = true;
    queue.work();
    BOOST_TEST(queue.handled == lines{"1 0 NULL <data> <> NULL <three> <four>"}, per_element());
    BOOST_TEST(queue.data() == lines{"second"}, per_element());
    int seen = 0;
    pgq::consumer stranger{other, [&](pgq::event const&) { ++seen; }};
    while (stranger.step(queue.db)) {}
    BOOST_TEST(seen == 0);
    BOOST_TEST(letters.replay_all(pgq::replay_to::everybody) == 1U);
    queue.work();
    while (stranger.step(queue.db)) {}
    BOOST_TEST(seen == 1);
    BOOST_TEST(queue.handled.size() == 2U);
    BOOST_TEST(letters.list().empty());
    BOOST_TEST(!letters.replay(1));
}

BOOST_AUTO_TEST_CASE(those_that_are_wanted_go_and_the_others_stay) {
    patient queue{"letters_some"};
    lines data;
    for (int i = 0; i < 250; ++i)
        data.push_back((i % 2 == 0 ? "even " : "odd ") + std::to_string(i));
    queue.set_aside(data);
    auto letters = queue.letters();
    BOOST_TEST(letters.replay_if([](auto const& one) { return one.story->reason.starts_with("cannot: even"); }) ==
               125U);
    BOOST_TEST(letters.purge_if([](auto const& one) { return one.data->starts_with("odd 1"); }) ==
               56U);  // 1, 11 to 19, 101 to 199
    BOOST_TEST(letters.purge_older_than(1h) == 0U);
    BOOST_TEST(letters.list(1000).size() == 69U);
    auto const one = letters.list().front().id;
    BOOST_TEST(letters.purge(one));
    BOOST_TEST(!letters.purge(one));
    BOOST_TEST(letters.purge_older_than(-1h) == 68U);
    queue.healed = true;
    queue.work();
    BOOST_TEST(queue.handled.size() == 125U);
    queue.healed = false;
    queue.set_aside({"more", "and more"});
    BOOST_TEST(letters.purge_all() == 2U);
    BOOST_TEST(letters.list().empty());
}

BOOST_AUTO_TEST_CASE(what_dies_again_comes_back_once) {
    patient queue{"letters_again"};
    queue.set_aside({"a", "b"});
    auto letters = queue.letters();
    for (int round = 0; round < 3; ++round) {
        BOOST_TEST(letters.replay_all() == 2U);
        BOOST_TEST(letters.list().empty());
        queue.work();
        BOOST_TEST(queue.data() == (lines{"a", "b"}), per_element());
    }
    BOOST_TEST(letters.list().front().story->event == 1);
}

BOOST_AUTO_TEST_CASE(a_replay_that_fails_leaves_the_whole_page) {
    patient queue{"letters_fail"};
    queue.set_aside({"a", "b"});
    pgq::query(queue.db, "select pgq.insert_event('letters_fail.dead', 'type', 'no story')");
    auto letters = queue.letters();
    auto const strange = support::thrown<pgq::usage_error>([&] { letters.replay_all(); });
    BOOST_TEST(std::string{strange.what()}.find("does not tell where it came from") != std::string::npos);
    BOOST_TEST(!queue.db.in_transaction());
    BOOST_TEST(queue.data() == (lines{"a", "b", "no story"}), per_element());
    BOOST_TEST(letters.purge_if([](pgq::letter const& one) { return !one.story; }) == 1U);
    queue.source.unsubscribe(queue.db);
    auto const gone = support::thrown<pgq::usage_error>([&] { letters.replay_all(); });
    BOOST_TEST(std::string{gone.what()}.find("consumer \"tester\" is not subscribed") != std::string::npos);
    pgq::sql::drop_queue(queue.db, queue.source.queue, true);
    for (auto const to : {pgq::replay_to::consumer, pgq::replay_to::everybody})
        support::thrown<pgq::usage_error>([&] { letters.replay_all(to); });
    BOOST_TEST(queue.data() == (lines{"a", "b"}), per_element());
}

BOOST_AUTO_TEST_CASE(in_the_callers_transaction_it_ends_with_that) {
    patient queue{"letters_outer"};
    queue.set_aside({"a", "b"});
    auto letters = queue.letters();
    queue.db.begin();
    BOOST_TEST(letters.replay_all() == 2U);
    queue.db.rollback();
    BOOST_TEST(queue.data() == (lines{"a", "b"}), per_element());
    queue.db.begin();
    BOOST_TEST(letters.purge_all() == 2U);
    queue.db.rollback();
    BOOST_TEST(queue.data() == (lines{"a", "b"}), per_element());
    queue.healed = true;
    queue.work();
    BOOST_TEST(queue.handled.empty());
}

BOOST_AUTO_TEST_CASE(a_session_killed_in_the_middle_loses_nothing_and_doubles_nothing) {
    patient queue{"letters_killed"};
    queue.set_aside({"a", "b", "c"});
    {
        auto doomed = connect();
        pgq::dead_letter_queue letters{doomed, "letters_killed.dead"};
        doomed.begin();
        BOOST_TEST(letters.replay_all() == 3U);
        pgq::query(queue.db, "select pg_terminate_backend($1)", doomed.backend_pid());
        BOOST_TEST(support::gone(queue.db, doomed.backend_pid()));
        BOOST_CHECK_THROW(doomed.commit(), pgq::connection_error);
    }
    BOOST_TEST(queue.data() == (lines{"a", "b", "c"}), per_element());
    BOOST_TEST(queue.letters().replay_all() == 3U);
    queue.healed = true;
    queue.work();
    BOOST_TEST(queue.handled.size() == 3U);
}

BOOST_AUTO_TEST_CASE(of_two_who_replay_at_a_time_one_gets_each_letter) {
    patient queue{"letters_both"};
    lines data;
    for (int i = 0; i < 300; ++i)
        data.push_back(std::to_string(i));
    queue.set_aside(data);
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    auto const replay = [](std::uint64_t& count) {
        auto db = connect();
        count = pgq::dead_letter_queue{db, "letters_both.dead"}.replay_all();
    };
    {
        std::jthread const one{[&] { replay(first); }};
        std::jthread const two{[&] { replay(second); }};
    }
    BOOST_TEST(first + second == 300U);
    queue.healed = true;
    queue.work();
    BOOST_TEST(queue.handled.size() == 300U);
}

BOOST_AUTO_TEST_CASE(says_that_there_is_no_such_queue) {
    auto db = connect();
    pgq::dead_letter_queue letters{db, "no such queue.dead"};
    auto const failure = support::thrown<pgq::usage_error>([&] { static_cast<void>(letters.list()); });
    BOOST_TEST(std::string{failure.what()}.starts_with("there is no queue \"no such queue.dead\" with the consumer"));
    support::thrown<pgq::usage_error>([&] { letters.purge_all(); });
}

BOOST_AUTO_TEST_SUITE_END()
