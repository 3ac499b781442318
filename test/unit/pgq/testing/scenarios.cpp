#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/scenario.hpp>
#include <support/scenario/in_memory.hpp>

BOOST_AUTO_TEST_SUITE(testing_scenarios)

BOOST_AUTO_TEST_CASE(whatever_happens_each_committed_event_ends_once) {
    auto engine = test::random_engine();
    for (int i = 0; i < 50; ++i) {
        auto const story = support::random_story(engine, 120);
        support::in_memory world;
        support::performance<support::in_memory> play{world, "q"};
        play.play(story);
        for (auto const& [data, times] : play.all.expected) {
            BOOST_TEST_REQUIRE(play.all.ended[data] == times, "event " << data << " ended " << play.all.ended[data]
                                                                       << " times instead of " << times
                                                                       << "; story: " << support::text_of(story));
        }
        BOOST_TEST_REQUIRE(play.all.ended.size() == play.all.expected.size(), "story: " << support::text_of(story));
    }
}

BOOST_AUTO_TEST_CASE(stories_can_be_written_down) {
    auto engine = test::random_engine();
    auto const text = support::text_of(support::random_story(engine, 200));
    BOOST_TEST(support::text_of(support::story_of(text)) == text);
}

BOOST_AUTO_TEST_SUITE_END()
