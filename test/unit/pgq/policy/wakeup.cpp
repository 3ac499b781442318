#include <pgq/policy/wakeup.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_wakeup)

using namespace std::chrono_literals;
using support::scripted;

namespace {

std::chrono::steady_clock::time_point const start{1h};
pgq::wakeup_options const options{.shortest = 1ms, .longest = 8ms, .spacing = 4ms};
auto const unexpected = [](std::string_view queue, pgq::error const& problem) {
    BOOST_ERROR(std::string{queue} + ": " + problem.what());
};

/// What a look finds: the log's position, the oldest running transaction, the fence when one was asked for, and which
/// sequences have moved and where to.
scripted& sees(scripted& db, std::string position, std::string oldest, std::optional<std::string> fence = {},
               std::optional<std::string> moved = {}) {
    return db.answer("pg_current_wal_insert_lsn",
                     {{std::move(position), std::move(oldest), std::move(fence), std::move(moved)}});
}

/// The same where the first queue's sequence has moved.
scripted& moves(scripted& db, std::string position, std::string oldest, std::string const& value,
                std::optional<std::string> fence = {}) {
    return sees(db, std::move(position), std::move(oldest), std::move(fence), "0 " + value);
}

std::size_t asked(scripted const& db, std::string_view what) {
    return static_cast<std::size_t>(
        std::count_if(db.log.begin(), db.log.end(), [&](auto const& line) { return line.starts_with(what); }));
}

struct watching {
    scripted db{};
    pgq::wakeup<scripted> wakeup{db, options};

    /// A queue whose sequence stands at 5, and nothing has happened for long.
    watching() {
        db.answer("queue_event_seq", {{"orders", "101", "5"}});
        wakeup.refresh(start);
        sees(db, "0/1", "700", "700");
        wakeup.look(start, unexpected);
        sees(db, "0/1", "701");
        wakeup.look(start + 100ms, unexpected);
        db.log.clear();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(while_the_server_writes_nothing_a_look_is_one_statement, watching) {
    auto now = start + 1s;
    for (int i = 0; i < 30; ++i) {
        sees(db, "0/1", "701");
        wakeup.look(now, unexpected);
        now = wakeup.next();
    }
    BOOST_TEST(db.log.size() == 30U);
    BOOST_TEST((wakeup.next() >= now && wakeup.next() - (start + 1s) > 100ms));  // the pauses have grown to the longest
}

BOOST_FIXTURE_TEST_CASE(ticks_a_queue_whose_sequence_moved, watching) {
    moves(db, "0/2", "702", "6");
    db.answer("tick_pending", {{"orders", "t"}});
    BOOST_TEST(wakeup.look(start + 1s, unexpected) == 1U);
    BOOST_TEST(asked(db, "tick_pending <{\"orders\"}>") == 1U);
}

BOOST_FIXTURE_TEST_CASE(leaves_the_queue_alone_when_others_write, watching) {
    sees(db, "0/2", "702");
    BOOST_TEST(wakeup.look(start + 1s, unexpected) == 0U);
    BOOST_TEST(asked(db, "tick_pending") == 0U);
}

BOOST_FIXTURE_TEST_CASE(asks_again_until_the_transactions_of_then_are_over, watching) {
    moves(db, "0/2", "702", "6");
    auto now = start + 1s;
    BOOST_TEST(wakeup.look(now, unexpected) == 0U);  // moved, but not committed
    sees(db, "0/2", "702", "703");                   // 702 runs, and everything so far is up to 703
    wakeup.look(now += 1ms, unexpected);
    sees(db, "0/2", "702");
    wakeup.look(now += 1ms, unexpected);
    BOOST_TEST(asked(db, "tick_pending") == 3U);
    sees(db, "0/3", "704");
    db.answer("tick_pending", {{"orders", "t"}});
    BOOST_TEST(wakeup.look(now += 1ms, unexpected) == 1U);
    sees(db, "0/4", "705");
    wakeup.look(now += 1s, unexpected);
    BOOST_TEST(asked(db, "tick_pending") == 4U);  // and no more
}

BOOST_FIXTURE_TEST_CASE(waits_for_a_consumer_that_has_not_come_so_far, watching) {
    moves(db, "0/2", "702", "6");
    db.answer("tick_pending", {{"orders", "f"}});
    auto now = start + 1s;
    BOOST_TEST(wakeup.look(now, unexpected) == 0U);
    sees(db, "0/2", "702", "703");
    wakeup.look(now += 10ms, unexpected);
    sees(db, "0/3", "800");  // all transactions are over
    db.answer("tick_pending", {{"orders", "f"}});
    wakeup.look(now += 10ms, unexpected);
    sees(db, "0/4", "801");
    db.answer("tick_pending", {{"orders", "t"}});
    BOOST_TEST(wakeup.look(now += 10ms, unexpected) == 1U);
}

BOOST_FIXTURE_TEST_CASE(asks_ever_more_rarely_while_no_consumer_comes, watching) {
    auto const look_at = [&](auto now, std::string const& value) {
        moves(db, "0/" + value, "702", value, "703");
        db.answer("tick_pending", {{"orders", "f"}});
        wakeup.look(now, unexpected);
        return asked(db, "tick_pending");
    };
    BOOST_TEST(look_at(start + 1s, "6") == 1U);
    BOOST_TEST(look_at(start + 2s, "7") == 2U);
    BOOST_TEST(look_at(start + 2s + 200ms, "8") == 2U);
    BOOST_TEST(look_at(start + 2s + 250ms, "9") == 3U);
}

BOOST_FIXTURE_TEST_CASE(ticks_one_queue_no_more_often_than_the_spacing_says, watching) {
    auto now = start + 1s;
    for (int i = 0; i < 8; ++i) {
        moves(db, "0/" + std::to_string(2 + i), "702", std::to_string(6 + i), "800");
        wakeup.look(now + i * 1ms, unexpected);
        if (i % 4 == 0) BOOST_TEST(asked(db, "tick_pending") == static_cast<std::size_t>(i / 4 + 1));
        if (i == 0) db.answer("tick_pending", {{"orders", "t"}});
    }
}

BOOST_FIXTURE_TEST_CASE(reads_the_queues_again_when_one_was_dropped, watching) {
    db.fail("pg_current_wal_insert_lsn",
            pgq::sql_error{"could not open relation with OID 101", {.state = pgq::sqlstate{"XX000"}}});
    db.answer("queue_event_seq", {});
    wakeup.look(start + 1s, unexpected);
    BOOST_TEST(db.unused() == 0U);
    BOOST_TEST((wakeup.next() > start + 1s));
}

BOOST_FIXTURE_TEST_CASE(looks_more_rarely_where_events_come_in_crowds, watching) {
    auto const pause_after = [&](auto now, int arrived) {
        moves(db, "0/" + std::to_string(arrived), "702", std::to_string(5 + arrived));
        wakeup.look(now, unexpected);
        return wakeup.next() - now;
    };
    auto now = start + 1s;
    int arrived = 0;
    BOOST_TEST((pause_after(now, arrived += 4) <= 1ms));                   // the first for long
    BOOST_TEST((pause_after(now += 4ms, arrived += 4) <= 4ms));            // one in each millisecond
    BOOST_TEST((pause_after(now += 4ms, arrived += 16) == 3 * 4ms));       // four
    BOOST_TEST((pause_after(now += 12ms, arrived += 12'000) == 8 * 4ms));  // and no more than that
    BOOST_TEST((pause_after(now += 32ms, arrived += 32) <= 4ms));
}

BOOST_AUTO_TEST_CASE(many_queues_are_asked_about_only_when_the_log_has_moved) {
    scripted db;
    pgq::wakeup<scripted> wakeup{db, options};
    std::vector<support::scripted_row> queues;
    for (int i = 0; i < 51; ++i)
        queues.push_back({"q" + std::to_string(i), std::to_string(100 + i), "5"});
    db.answer("queue_event_seq", queues);
    wakeup.refresh(start);
    sees(db, "0/1", "700", "700");
    db.answer("select (select string_agg", {{std::nullopt}});
    wakeup.look(start, unexpected);
    sees(db, "0/1", "701");
    wakeup.look(start + 100ms, unexpected);
    db.log.clear();
    sees(db, "0/1", "701");
    wakeup.look(start + 1s, unexpected);
    BOOST_TEST(db.log.size() == 1U);
    sees(db, "0/2", "701");
    db.answer("select (select string_agg", {{"50 6"}}).answer("tick_pending", {{"q9", "t"}});
    BOOST_TEST(wakeup.look(start + 2s, unexpected) == 1U);
    BOOST_TEST(db.unused() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_failing_queue_is_named_and_left_alone_for_a_while, watching) {
    moves(db, "0/2", "702", "6");
    db.fail("tick_pending", pgq::sql_error{"canceled", {.state = pgq::sqlstate{"57014"}}});
    db.fail("tick_pending", pgq::sql_error{"canceled", {.state = pgq::sqlstate{"57014"}}});
    std::vector<std::string> failures;
    auto const failed = [&](std::string_view queue, pgq::error const&) { failures.emplace_back(queue); };
    wakeup.look(start + 1s, failed);
    BOOST_TEST(failures == std::vector<std::string>{"orders"}, boost::test_tools::per_element());
    moves(db, "0/3", "702", "7", "703");
    wakeup.look(start + 2s, failed);
    BOOST_TEST(failures.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
