#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/scenario.hpp>
#include <support/session.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct in_memory {
    pgq::testing::server db{};

    pgq::testing::session connect() { return db.connect(); }
    void pass(std::string_view, std::chrono::seconds time) { db.clock().advance(time); }
};

/// Time goes by on a real server when all that it remembers of a queue lies further back.
struct on_server {
    pgq::libpq::connection db = support::connect();

    static pgq::libpq::connection connect() { return support::connect(); }
    void pass(std::string_view queue, std::chrono::seconds time) {
        auto const shift = [&](std::string const& table, std::string const& column, std::string const& of) {
            pgq::query(db,
                       "update pgq." + table + " set " + column + " = " + column +
                           " - $2::int * interval '1 second' from pgq.queue q where q.queue_name = $1 and " + of +
                           " = q.queue_id",
                       queue, time.count());
        };
        shift("retry_queue", "ev_retry_after", "ev_queue");
        shift("tick", "tick_time", "tick_queue");
        shift("subscription", "sub_active", "sub_queue");
    }
};

std::vector<std::string> told_by(auto& world, std::string const& queue, std::vector<support::scene> const& story) {
    support::performance<std::remove_reference_t<decltype(world)>> play{world, queue};
    play.play(story);
    return play.history;
}

/// The first difference between the two servers; empty when there is none.
std::string difference(std::vector<support::scene> const& story) {
    static int made = 0;
    auto const queue = "scenario_" + std::to_string(++made);
    in_memory memory;
    auto const expected = told_by(memory, queue, story);
    on_server real;
    auto const found = told_by(real, queue, story);
    for (auto const& name : {queue, queue + ".dead"})
        pgq::sql::drop_queue(real.db, name, true);
    for (std::size_t i = 0; i < expected.size() || i < found.size(); ++i) {
        auto const line = [&](auto const& lines) { return i < lines.size() ? lines[i] : std::string{"nothing"}; };
        if (line(expected) != line(found)) {
            return "line " + std::to_string(i) + ": in memory \"" + line(expected) + "\", on the server \"" +
                   line(found) + '"';
        }
    }
    return {};
}

/// Leaves out what the difference does not need.
std::vector<support::scene> shortest(std::vector<support::scene> story) {
    for (std::size_t part = story.size() / 2; part > 0; part /= 2) {
        for (std::size_t at = 0; at + part <= story.size();) {
            auto shorter = story;
            auto const begin = shorter.begin() + static_cast<std::ptrdiff_t>(at);
            shorter.erase(begin, begin + static_cast<std::ptrdiff_t>(part));
            if (difference(shorter).empty()) at += part;
            else story = std::move(shorter);
        }
    }
    return story;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(testing_scenarios)

BOOST_AUTO_TEST_CASE(the_server_in_memory_does_as_the_real_one) {
    auto engine = test::random_engine();
    auto const* const wanted = std::getenv("PGQ_SCENARIOS");
    int const count = wanted != nullptr ? std::atoi(wanted) : 5;
    for (int i = 0; i < count; ++i) {
        auto const story = support::random_story(engine, 120);
        bool const same = difference(story).empty();
        BOOST_TEST(same);
        if (same) continue;
        auto const least = shortest(story);
        BOOST_FAIL(difference(least) << "\nstory: " << support::text_of(least));
    }
}

BOOST_AUTO_TEST_SUITE_END()
