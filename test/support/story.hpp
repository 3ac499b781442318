/// What may happen to a queue, one after the other, by chance.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace support {

enum class act {
    begin,
    put,
    put_many,
    put_later,
    cancel_later,
    put_once,
    put_with_lag,
    set_savepoint,
    back_to_savepoint,
    commit,
    rollback,
    die,
    tick,
    tick_when_due,
    tick_pending,
    pass,
    redeliver,
    rotate,
    look,
    take,
    take_and_regret,
    replay,
    purge,
    step,
    step_in_transaction,
    step_by_wish,
    step_and_die,
    step_too_late,
    seek_tick,
    seek_time,
    seek_end,
    register_at,
    pause,
    resume,
    leave,
    join,
    wrong_retry,
    member_step,
    member_dies,
    member_wakes,
    member_beats,
    member_leaves,
    step_bisected,
    step_bisected_and_die,
    step_tracked,
    tracked_before,
    last
};

struct scene {
    act what;
    unsigned who, number;
};

inline constexpr std::array<char const*, static_cast<std::size_t>(act::last)> act_names{"begin",
                                                                                        "put",
                                                                                        "put_many",
                                                                                        "put_later",
                                                                                        "cancel_later",
                                                                                        "put_once",
                                                                                        "put_with_lag",
                                                                                        "savepoint",
                                                                                        "back",
                                                                                        "commit",
                                                                                        "rollback",
                                                                                        "die",
                                                                                        "tick",
                                                                                        "tick_when_due",
                                                                                        "tick_pending",
                                                                                        "pass",
                                                                                        "redeliver",
                                                                                        "rotate",
                                                                                        "look",
                                                                                        "take",
                                                                                        "take_regret",
                                                                                        "replay",
                                                                                        "purge",
                                                                                        "step",
                                                                                        "step_in_transaction",
                                                                                        "step_by_wish",
                                                                                        "step_and_die",
                                                                                        "step_too_late",
                                                                                        "seek_tick",
                                                                                        "seek_time",
                                                                                        "seek_end",
                                                                                        "register_at",
                                                                                        "pause",
                                                                                        "resume",
                                                                                        "leave",
                                                                                        "join",
                                                                                        "wrong_retry",
                                                                                        "member_step",
                                                                                        "member_dies",
                                                                                        "member_wakes",
                                                                                        "member_beats",
                                                                                        "member_leaves",
                                                                                        "step_bisected",
                                                                                        "step_bisected_die",
                                                                                        "step_tracked",
                                                                                        "tracked_before"};

/// What moves events along comes more often than what disturbs.
inline std::vector<scene> random_story(std::mt19937_64& engine, std::size_t length) {
    static constexpr std::array often{act::put,  act::put,       act::put,    act::put_many, act::tick,
                                      act::tick, act::step,      act::step,   act::step,     act::step_in_transaction,
                                      act::pass, act::redeliver, act::commit, act::resume};
    std::vector<scene> story;
    for (std::size_t i = 0; i < length; ++i) {
        auto const any = static_cast<act>(engine() % static_cast<unsigned>(act::last));
        auto const what = engine() % 2 == 0 ? any : often.at(engine() % often.size());
        story.push_back({what, static_cast<unsigned>(engine() % 3), static_cast<unsigned>(engine() % 1'000)});
    }
    return story;
}

/// `put(0,12) tick(1,3)`
inline std::string text_of(std::vector<scene> const& story) {
    std::string text;
    for (auto const& one : story) {
        text += std::string{act_names.at(static_cast<std::size_t>(one.what))} + '(' + std::to_string(one.who) + ',' +
                std::to_string(one.number) + ") ";
    }
    return text;
}

/// The story that text_of() has written down.
inline std::vector<scene> story_of(std::string const& text) {
    std::vector<scene> story;
    std::istringstream words{text};
    for (std::string word; words >> word;) {
        auto const open = word.find('('), comma = word.find(',');
        std::size_t what = 0;
        while (what < act_names.size() && word.substr(0, open) != act_names.at(what))
            ++what;
        if (what == act_names.size() || comma == word.npos) throw std::invalid_argument{"no scene: " + word};
        story.push_back({static_cast<act>(what), static_cast<unsigned>(std::stoul(word.substr(open + 1))),
                         static_cast<unsigned>(std::stoul(word.substr(comma + 1)))});
    }
    return story;
}

}  // namespace support
