#include <pgq/consumer.hpp>
#include <pgq/policy/keyed.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_keyed)

using namespace std::chrono_literals;

namespace {

pgq::subscription const orders{"orders", "billing"};
constexpr auto limit = 30s;

/// Gives `count` events whose id is their place; the key is the id modulo `keys`, as data.
struct numbered {
    using policy_axis = pgq::fetch_axis;
    static constexpr auto keeps = pgq::occupies::nothing;
    int count;
    int keys;
    std::atomic<int>* given = nullptr;

    void each(auto&, pgq::batch_info const&, auto const& take) const {
        for (int i = 0; i < count; ++i) {
            std::string data = std::to_string(i % keys);  // gone after the call, as a reader's rows are
            pgq::event ev{};
            ev.id = i;
            ev.data = data;
            if (given != nullptr) ++*given;
            take(ev);
            std::fill(data.begin(), data.end(), '?');
        }
    }
};

constexpr auto by_data = [](pgq::event const& ev) { return ev.data; };

support::scripted with_batches(int count = 1) {
    support::scripted db;
    for (int i = 0; i < count; ++i) {
        db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
        db.answer("finish_batch", {{"1"}});
    }
    return db;
}

bool finished(support::scripted const& db) {
    return std::find(db.log.begin(), db.log.end(), "finish_batch <7>") != db.log.end();
}

}  // namespace

BOOST_AUTO_TEST_CASE(events_of_one_key_come_in_order_and_one_at_a_time) {
    // Not locked: events of one key must not meet, as thread sanitizers see too.
    std::array<std::vector<std::int64_t>, 10> seen;
    auto db = with_batches(3);
    pgq::consumer work{
        orders, numbered{5'000, 10}, pgq::keyed{.key = by_data, .threads = 4},
        [&](pgq::event const& ev) { seen.at(static_cast<std::size_t>(ev.data[0] - '0')).push_back(ev.id); }};
    for (int round = 1; round <= 3; ++round) {
        BOOST_TEST(work.step(db).value().counts.done == 5'000);
        for (auto& ids : seen) {
            BOOST_TEST(ids.size() == 500);
            BOOST_TEST(std::is_sorted(ids.begin(), ids.end()));
            ids.clear();
        }
    }
    BOOST_TEST(db.unused() == 0);
}

BOOST_AUTO_TEST_CASE(different_keys_are_handled_at_the_same_time) {
    std::mutex mutex;
    std::condition_variable changed;
    int inside = 0;
    bool met = false;
    auto db = with_batches();
    pgq::consumer work{orders, numbered{64, 64}, pgq::keyed{.key = [](pgq::event const& ev) { return ev.id; }},
                       [&](pgq::event const&) {
                           std::unique_lock lock{mutex};
                           met = met || ++inside == 2;
                           changed.notify_all();
                           changed.wait_for(lock, limit, [&] { return met; });
                           --inside;
                       }};
    BOOST_TEST(work.step(db).has_value());
    BOOST_TEST(met);
}

BOOST_AUTO_TEST_CASE(threads_live_as_long_as_the_consumer) {
    std::mutex mutex;
    std::set<std::thread::id> threads;
    auto db = with_batches(20);
    pgq::consumer work{orders, numbered{100, 100}, pgq::keyed{.key = by_data, .threads = 3}, [&](pgq::event const&) {
                           std::lock_guard const hold{mutex};
                           threads.insert(std::this_thread::get_id());
                       }};
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(work.step(db).has_value());
    BOOST_TEST(threads.size() == 3);
    BOOST_TEST(!threads.contains(std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(an_error_ends_the_batch_when_all_have_come_to_rest) {
    std::atomic<int> inside = 0;
    std::atomic<bool> fails = true;
    auto db = with_batches(2);
    pgq::consumer work{orders, numbered{10'000, 100}, pgq::keyed{.key = by_data, .queued = 4},
                       [&](pgq::event const& ev) {
                           ++inside;
                           bool const failing = fails && ev.id == 500;
                           --inside;
                           if (failing) throw std::runtime_error{"event 500"};
                       }};
    BOOST_CHECK_EXCEPTION(work.step(db), std::runtime_error,
                          [](auto const& failure) { return std::string{failure.what()} == "event 500"; });
    BOOST_TEST(inside == 0);
    BOOST_TEST(!finished(db));
    fails = false;
    BOOST_TEST(work.step(db).value().counts.done == 10'000);
    BOOST_TEST(finished(db));
}

BOOST_AUTO_TEST_CASE(an_error_of_the_key_ends_the_batch_too) {
    auto db = with_batches();
    pgq::consumer work{orders, numbered{100, 100},
                       pgq::keyed{.key =
                                      [](pgq::event const& ev) {
                                          if (ev.id == 50) throw std::runtime_error{"no key"};
                                          return ev.id;
                                      }},
                       [](pgq::event const&) {}};
    BOOST_CHECK_THROW(work.step(db), std::runtime_error);
    BOOST_TEST(!finished(db));
}

BOOST_AUTO_TEST_CASE(a_stop_is_heeded_between_events) {
    std::stop_source stop;
    std::atomic<int> handled = 0;
    auto db = with_batches();
    pgq::consumer work{orders, numbered{100'000, 100}, pgq::keyed{.key = by_data}, [&](pgq::event const&) {
                           if (++handled == 10) stop.request_stop();
                       }};
    BOOST_CHECK_THROW(work.step(db, stop.get_token()), pgq::stopped);
    BOOST_TEST(handled < 100'000);
    BOOST_TEST(!finished(db));
}

BOOST_AUTO_TEST_CASE(a_stop_is_heeded_while_threads_are_busy) {
    std::stop_source stop;
    std::mutex mutex;
    std::condition_variable_any changed;
    auto db = with_batches();
    // Only the stop lets the handlers go on, and the queues are full long before.
    pgq::consumer work{orders, numbered{10'000, 100}, pgq::keyed{.key = by_data, .queued = 2},
                       [&](pgq::event const& ev) {
                           if (ev.id == 3) stop.request_stop();
                           std::unique_lock lock{mutex};
                           changed.wait_for(lock, stop.get_token(), limit, [] { return false; });
                       }};
    BOOST_CHECK_THROW(work.step(db, stop.get_token()), pgq::stopped);
    BOOST_TEST(!finished(db));
}

BOOST_AUTO_TEST_CASE(verdicts_of_all_threads_are_told) {
    auto db = with_batches();
    db.answer("to_regprocedure", {{"t"}}).answer("event_retry", {});
    pgq::consumer work{orders, numbered{4'000, 40}, pgq::keyed{.key = by_data}, [](pgq::event const& ev) {
                           if (ev.id % 4 == 0) return pgq::retry_in(5s);
                           return ev.id % 4 == 1 ? pgq::skipped() : pgq::done();
                       }};
    auto const counts = work.step(db).value().counts;
    BOOST_TEST((counts == pgq::verdict_counts{.events = 4'000, .done = 2'000, .skipped = 1'000, .retried = 1'000}));
    auto const told =
        std::find_if(db.log.begin(), db.log.end(), [](auto const& line) { return line.starts_with("event_retry <"); });
    BOOST_REQUIRE((told != db.log.end()));
    BOOST_TEST(std::count(told->begin(), told->end(), ',') == 2 * 999);
}

BOOST_AUTO_TEST_CASE(no_more_is_read_ahead_than_may_wait) {
    std::atomic<int> given = 0, handled = 0, ahead = 0;
    auto db = with_batches(2);
    auto const handler = [&](pgq::event const&) {
        ahead = std::max<int>(ahead, given - handled);
        ++handled;
        std::this_thread::yield();
    };
    pgq::consumer few{orders, numbered{1'000, 100, &given}, pgq::keyed{.key = by_data, .threads = 2, .queued = 8},
                      handler};
    BOOST_TEST(few.step(db).has_value());
    BOOST_TEST(ahead <= 2 * 8 + 3);  // what waits, what is handled, what has just been read
    given = handled = ahead = 0;
    pgq::consumer small{orders, numbered{1'000, 100, &given}, pgq::keyed{.key = by_data, .threads = 2, .memory = 20},
                        handler};
    BOOST_TEST(small.step(db).has_value());
    BOOST_TEST(ahead <= 20 + 3);
}

BOOST_AUTO_TEST_CASE(keys_may_be_texts_numbers_and_columns_that_are_null) {
    std::atomic<int> handled = 0;
    auto const count = [&](pgq::event const&) { ++handled; };
    auto const runs = [&](pgq::keyed keyed) {
        auto db = with_batches();
        pgq::consumer work{orders, numbered{10, 10}, std::move(keyed), count};
        handled = 0;
        return work.step(db).has_value() && handled == 10;
    };
    BOOST_TEST(runs({.key = [](pgq::event const& ev) { return std::string{ev.data} + "!"; }}));
    BOOST_TEST(runs({.key = [](pgq::event const& ev) { return ev.extra[0]; }}));
    BOOST_TEST(runs({.key = [](pgq::event const& ev) { return static_cast<short>(ev.id); }, .threads = 1}));
    BOOST_CHECK_THROW(runs({.key = by_data, .threads = 0}), pgq::usage_error);
}

BOOST_AUTO_TEST_SUITE_END()
