#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/scenario.hpp>
#include <support/scenario/in_memory.hpp>
#include <support/scenario/on_server.hpp>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_scenarios)

namespace {

std::vector<std::string> told_by(auto& world, std::vector<support::scene> const& story) {
    support::performance<std::remove_reference_t<decltype(world)>> play{world, "scenario"};
    play.play(story);
    return play.all.history;
}

/// What both servers have told, compared.
class comparison {
public:
    comparison() { real_.drop("scenario"); }
    comparison(comparison const&) = delete;
    comparison& operator=(comparison const&) = delete;
    ~comparison() {
        try {
            real_.drop("scenario");
        } catch (std::exception const& failure) { BOOST_ERROR("could not drop the queue: " << failure.what()); }
    }

    /// The first difference between the two servers, with what came before it; empty when there is none.
    std::string difference(std::vector<support::scene> const& story) {
        support::in_memory memory;
        auto const expected = told_by(memory, story);
        auto const found = told_by(real_, story);
        std::size_t at = 0;
        while (at < expected.size() && at < found.size() && expected[at] == found[at])
            ++at;
        if (at == expected.size() && at == found.size()) return {};
        std::string text;
        for (auto i = at < before ? 0 : at - before; i < at; ++i)
            text += "  both: " + expected[i] + '\n';
        auto const line = [&](auto const& lines) { return at < lines.size() ? lines[at] : std::string{"(the end)"}; };
        return text + "  in memory: " + line(expected) + "\n  on the server: " + line(found);
    }

    /// What differs each time; empty otherwise: what else goes on in the server (its own upkeep has transactions, too)
    /// can make one telling differ, but not three.
    std::string lasting_difference(std::vector<support::scene> const& story) {
        std::string found;
        for (int i = 0; i < 3; ++i) {
            auto again = difference(story);
            if (again.empty()) {
                if (!found.empty()) BOOST_TEST_MESSAGE("differed once:\n" << found << "\n" << support::text_of(story));
                return {};
            }
            found = std::move(again);
        }
        return found;
    }

    /// Leaves out what the difference does not need.
    std::vector<support::scene> shortest(std::vector<support::scene> story) {
        for (std::size_t part = story.size() / 2; part > 0; part /= 2) {
            for (std::size_t at = 0; at + part <= story.size();) {
                auto shorter = story;
                auto const begin = shorter.begin() + static_cast<std::ptrdiff_t>(at);
                shorter.erase(begin, begin + static_cast<std::ptrdiff_t>(part));
                if (lasting_difference(shorter).empty()) at += part;
                else story = std::move(shorter);
            }
        }
        return story;
    }

private:
    static constexpr std::size_t before = 10;
    support::on_server real_{};
};

}  // namespace

/// PGQ_SCENARIOS: how many; PGQ_STORY: this one only, as a difference has shown it.
BOOST_AUTO_TEST_CASE(the_server_in_memory_does_as_the_real_one) {
    auto engine = test::random_engine();
    auto const* const wanted = std::getenv("PGQ_SCENARIOS");
    auto const* const given = std::getenv("PGQ_STORY");
    int const count = given != nullptr ? 1 : wanted != nullptr ? std::atoi(wanted) : 20;
    comparison both;
    for (int i = 0; i < count; ++i) {
        auto const story = given != nullptr ? support::story_of(given) : support::random_story(engine, 80);
        auto const found = both.lasting_difference(story);
        BOOST_TEST(found == "");
        if (found.empty()) continue;
        auto const least = both.shortest(story);
        BOOST_FAIL("story " << i << ":\n"
                            << both.lasting_difference(least) << "\nPGQ_STORY='" << support::text_of(least)
                            << "'\nwhole story: " << support::text_of(story));
    }
}

BOOST_AUTO_TEST_SUITE_END()
