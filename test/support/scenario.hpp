/// Random stories of producers, consumers, ticks and passing time, told to a server in memory or to a real one. What
/// can be seen of them is a list of lines, so that two servers can be compared.
#pragma once

#include <pgq/error.hpp>

#include <support/scenario/careful.hpp>
#include <support/scenario/consumers.hpp>
#include <support/scenario/keepers.hpp>
#include <support/scenario/producers.hpp>
#include <support/scenario/props.hpp>
#include <support/scenario/team.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// Without what differs from server to server: numbers of batches, and times.
inline std::string comparable(std::string text) {
    static constexpr std::string_view word = "batch ";
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        auto const begin = at + word.size();
        auto const end = text.find_first_not_of("0123456789", begin);
        text.erase(begin, (end == text.npos ? text.size() : end) - begin);
    }
    if (auto const time = text.find(" to 20"); time != text.npos) text.resize(time);
    return text;
}

/// For `World` see props.
template <class World> class performance {
public:
    props<World> all;

    performance(World& world, std::string queue) : all{world, std::move(queue)} {
        world.prepare(all.queue);
        keepers_.begin();
        for (auto const name : consumers<World>::names)
            consumers_.subscribe(name);
        team_.begin();
    }

    /// Plays all scenes, then lets everything come to its end.
    void play(std::vector<scene> const& story) {
        for (auto const& one : story) {
            try {
                play(one);
            } catch (pgq::error const& failure) {
                all.note(comparable(failure.what()) + ' ' + std::string{failure.state().view()});
            }
        }
        producers_.end();
        consumers_.resume_all();
        std::size_t before = 0;
        do {
            before = all.delivered;
            for (auto const what : {act::pass, act::redeliver, act::tick})
                play({what, 0, 2});
            while (consumers_.go_on()) {}
        } while (all.delivered != before);
        keepers_.read_letters();
    }

private:
    void play(scene const& now) {
        if (now.what == act::pass && producers_.hold_time()) return;
        if (producers_.play(now) || consumers_.play(now) || team_.play(now) || careful_.play(now)) return;
        keepers_.play(now);
    }

    producers<World> producers_{all};
    consumers<World> consumers_{all};
    team<World> team_{all};
    careful<World> careful_{all};
    keepers<World> keepers_{all};
};

}  // namespace support
