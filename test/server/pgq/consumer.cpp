#include <pgq/batch.hpp>
#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/stage/filter.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>

#include <support/boost_test.hpp>
#include <support/queue.hpp>

#include <chrono>
#include <cstdint>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_consumer)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using support::connect;
using support::consumed_queue;
using lines = std::vector<std::string>;

namespace {

std::string line_of(pgq::event const& ev) {
    auto const text = [](std::string_view view) {
        return view.data() == nullptr ? "NULL" : "<" + std::string{view} + ">";
    };
    std::string line = std::to_string(ev.id) + ' ' + std::to_string(ev.time.microseconds) + ' ' +
                       std::to_string(ev.txid) + ' ' + std::to_string(ev.retry) + ' ' + text(ev.type) + ' ' +
                       text(ev.data);
    for (auto const& extra : ev.extra)
        line += ' ' + text(extra.value_or(std::string_view{}));
    return line;
}

template <class... Policies> lines read_with(consumed_queue& queue, Policies... policies) {
    // The batch stays open, so that each policy gets the same.
    struct done_reading {};
    lines found;
    pgq::consumer reader{queue.source, pgq::same_transaction{}, policies..., [&](pgq::event const& ev) {
                             found.push_back(line_of(ev));
                             if (found.size() == 5) throw done_reading{};
                         }};
    try {
        static_cast<void>(queue.step(reader));
    } catch (done_reading const&) { BOOST_TEST(!queue.db.in_transaction()); }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_fetch_policy_gives_every_column) {
    consumed_queue queue{"consumer_columns"};
    queue.insert("plain", "text");
    pgq::query(queue.db, "select pgq.insert_event($1, null, null, null, '', 'e3', 'e4')", queue.source.queue);
    queue.insert("unicode", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98");
    queue.insert("empty", "");
    queue.insert("large", std::string(300'000, 'x'));
    queue.tick();
    auto const expected = read_with(queue, pgq::whole_batch{});
    BOOST_REQUIRE(expected.size() == 5);
    auto const in_table =
        queue.value("select (extract(epoch from min(ev_time) - '2000-01-01 00:00:00+00') * 1000000)::bigint from "
                    "pgq.event_template where ev_type = 'plain' and ev_data = 'text'");
    BOOST_TEST(expected[0].find(in_table + ' ') != std::string::npos);
    BOOST_TEST(expected[0].ends_with("0 <plain> <text> NULL NULL NULL NULL"));
    BOOST_TEST(expected[1].ends_with("0 NULL NULL NULL <> <e3> <e4>"));
    BOOST_TEST(read_with(queue, pgq::by_cursor{.rows = 2}) == expected, per_element());
    BOOST_TEST(read_with(queue, pgq::row_by_row{}) == expected, per_element());
    BOOST_TEST(read_with(queue, pgq::spooled{.memory = 0}) == expected, per_element());
}

BOOST_AUTO_TEST_CASE(events_of_an_old_transaction_that_sequences_do_not_count_come_all) {
    consumed_queue queue{"consumer_late"};
    auto late = connect();
    late.begin();
    pgq::query(late, "select pgq.insert_event('consumer_late', 'late', n::text) from generate_series(1, 1200) n");
    queue.insert("n", "0");
    queue.tick();
    std::size_t events = 0;
    pgq::consumer counter{queue.source, [&](pgq::event const&) { ++events; }};
    while (queue.step(counter)) {}
    BOOST_TEST(events == 1U);
    late.commit();
    queue.insert("n", "1");
    queue.tick();
    while (queue.step(counter)) {}
    BOOST_TEST(events == 1202U);
}

BOOST_AUTO_TEST_CASE(effects_and_finish_commit_together_or_not_at_all) {
    consumed_queue queue{"consumer_atomic"};
    support::table const effects{queue.db, "consumer_atomic_effects", "data text"};
    queue.insert_many("n", 3);
    queue.tick();
    bool fails = true;
    pgq::consumer writer{queue.source, pgq::same_transaction{},
                         [&](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, "insert into consumer_atomic_effects values ($1)", ev.data);
                             if (fails && ev.data == "3") throw std::runtime_error{"no"};
                         }};
    BOOST_CHECK_THROW(queue.step(writer), std::runtime_error);
    BOOST_TEST(effects.rows() == "0");
    fails = false;
    BOOST_TEST(queue.step(writer)->counts.done == 3);
    BOOST_TEST(effects.rows() == "3");
    BOOST_TEST(!queue.step(writer).has_value());
}

BOOST_AUTO_TEST_CASE(a_failing_event_is_tried_again_and_then_set_aside) {
    consumed_queue queue{"consumer_poison"};
    pgq::consumer fragile{queue.source, pgq::retry{pgq::fixed{.delay = 0s, .attempts = 3}}, [](pgq::event const& ev) {
                              if (ev.type == "bad") throw std::runtime_error{"attempt " + std::to_string(ev.retry + 1)};
                          }};
    fragile.subscribe(queue.db);
    pgq::query(queue.db, "select pgq.insert_event($1, 'bad', 'payload', 'one', null, null, 'four')",
               queue.source.queue);
    queue.insert("good", "payload");
    queue.tick();
    auto const first = queue.step(fragile).value().counts;
    BOOST_TEST((first == pgq::verdict_counts{.events = 2, .done = 1, .retried = 1}));
    queue.redeliver();
    BOOST_TEST(queue.step(fragile).value().counts.retried == 1);
    queue.redeliver();
    BOOST_TEST(queue.step(fragile).value().counts.dead == 1);
    BOOST_TEST(!queue.step(fragile).has_value());

    pgq::query(queue.db, "select pgq.force_tick('consumer_poison.dead')");
    pgq::query(queue.db, "select pgq.ticker('consumer_poison.dead'::text)");
    lines letters;
    pgq::consumer keeper{pgq::subscription{"consumer_poison.dead", "keeper"}, [&](pgq::event const& ev) {
                             letters.push_back(std::string{ev.type} + ' ' + std::string{ev.data} + ' ' +
                                               std::string{ev.extra[0].value()} + ' ' +
                                               std::string{ev.extra[3].value()});
                         }};
    while (keeper.step(queue.db)) {}
    BOOST_REQUIRE(letters.size() == 1);
    BOOST_TEST(letters[0].starts_with("bad payload one {"));
    auto const story = letters[0].substr(letters[0].find('{'));
    auto const told = [&](std::string_view key) {
        return support::text_of(pgq::query(queue.db, "select $1::json ->> $2", story, key));
    };
    BOOST_TEST(told("queue") == "consumer_poison");
    BOOST_TEST(told("consumer") == "tester");
    BOOST_TEST(told("attempts") == "3");
    BOOST_TEST(told("first_error") == "attempt 1");
    BOOST_TEST(told("last_error") == "attempt 3");
    BOOST_TEST(told("extra4") == "four");
}

BOOST_AUTO_TEST_CASE(a_reason_that_is_no_text_can_be_stored_all_the_same) {
    consumed_queue queue{"consumer_reason"};
    pgq::consumer fragile{
        queue.source, [](pgq::event const&) { return pgq::dead_letter("\xff \"quoted\" \\ \x01 \xc3\xa4 \xe2\x82"); }};
    fragile.subscribe(queue.db);
    queue.insert("bad", "payload");
    queue.tick();
    BOOST_TEST(queue.step(fragile).value().counts.dead == 1);
}

BOOST_AUTO_TEST_CASE(a_savepoint_keeps_a_failing_statement_to_its_event) {
    consumed_queue queue{"consumer_savepoint"};
    support::table const effects{queue.db, "consumer_savepoint_effects", "data text primary key"};
    for (auto const* const data : {"a", "b", "a", "c"})
        queue.insert("n", data);
    queue.tick();
    pgq::consumer writer{queue.source, pgq::same_transaction{},
                         pgq::retry{pgq::for_state{"23505", pgq::fixed{.delay = 1h}}}, pgq::savepoint{},
                         [](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, "insert into consumer_savepoint_effects values ($1)", ev.data);
                         }};
    auto const counts = queue.step(writer).value().counts;
    BOOST_TEST((counts == pgq::verdict_counts{.events = 4, .done = 3, .retried = 1}));
    BOOST_TEST(effects.rows() == "3");
}

BOOST_AUTO_TEST_CASE(of_two_with_one_name_only_one_has_effects) {
    consumed_queue queue{"consumer_fenced"};
    support::table const effects{queue.db, "consumer_fenced_effects", "who text"};
    queue.insert("n", "1");
    queue.tick();
    auto other = connect();
    pgq::consumer fast{queue.source, pgq::same_transaction{}, [](pgq::event const&, pgq::transport auto& session) {
                           pgq::query(session, "insert into consumer_fenced_effects values ('fast')");
                       }};
    pgq::consumer slow{queue.source, pgq::same_transaction{}, [&](pgq::event const&, pgq::transport auto& session) {
                           pgq::query(session, "insert into consumer_fenced_effects values ('slow')");
                           while (fast.step(other)) {}
                       }};
    auto const failure = support::thrown<pgq::fenced_error>([&] { queue.step(slow); });
    BOOST_TEST(std::string{failure.what()}.find("another process works under the same name") != std::string::npos);
    BOOST_TEST(queue.value("select string_agg(who, ',') from consumer_fenced_effects") == "fast");
}

BOOST_AUTO_TEST_CASE(says_what_must_be_set_right_first) {
    auto db = connect();
    pgq::consumer lost{pgq::subscription{"no such queue", "tester"}, [](pgq::event const&) {}};
    auto const failure = support::thrown<pgq::usage_error>([&] { lost.step(db); });
    BOOST_TEST(std::string{failure.what()}.starts_with("there is no queue \"no such queue\"; "));
    consumed_queue queue{"consumer_unknown"};
    pgq::consumer stranger{pgq::subscription{"consumer_unknown", "stranger"}, [](pgq::event const&) {}};
    auto const unknown = support::thrown<pgq::usage_error>([&] { stranger.step(db); });
    BOOST_TEST(std::string{unknown.what()}.starts_with(
        "consumer \"stranger\" is not subscribed to queue \"consumer_unknown\"; "));
}

BOOST_AUTO_TEST_CASE(a_batch_is_a_range_of_what_the_server_sends) {
    consumed_queue queue{"consumer_range"};
    queue.insert_many("n", 10);
    queue.tick();
    std::string seen;
    while (auto batch = pgq::open_batch(queue.db, queue.source, pgq::spooled{})) {
        auto const even = [](pgq::event const& ev) { return (ev.data.back() - '0') % 2 == 0; };
        for (auto const& ev : std::views::filter(*batch, even))
            seen += ev.data;
        batch->finish();
    }
    BOOST_TEST(seen == "246810");
}

BOOST_AUTO_TEST_SUITE_END()
