#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/scenario.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace {

struct in_memory {
    pgq::testing::server db{};

    pgq::testing::session connect() { return db.connect(); }
    void pass(std::string_view, std::chrono::seconds time) { db.clock().advance(time); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(testing_scenarios)

BOOST_AUTO_TEST_CASE(whatever_happens_each_committed_event_ends_once) {
    auto engine = test::random_engine();
    for (int i = 0; i < 50; ++i) {
        auto const story = support::random_story(engine, 120);
        in_memory world;
        support::performance<in_memory> play{world, "q"};
        play.play(story);
        bool good = play.ended.size() == play.committed.size();
        for (auto const& data : play.committed)
            good = good && play.ended[data] == 1;
        BOOST_TEST_REQUIRE(good, "story: " << support::text_of(story));
    }
}

BOOST_AUTO_TEST_SUITE_END()
