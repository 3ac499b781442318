/// What may happen to a queue, one after the other, by chance.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace support {

enum class act {
    begin,
    put,
    commit,
    rollback,
    die,
    tick,
    pass,
    redeliver,
    step,
    step_in_transaction,
    step_and_die,
    step_too_late,
    seek,
    leave,
    join,
    member_step,
    member_dies,
    wrong_retry,
    last
};

struct scene {
    act what;
    unsigned who, number;
};

/// What moves events along comes more often than what disturbs.
inline std::vector<scene> random_story(std::mt19937_64& engine, std::size_t length) {
    static constexpr std::array often{act::put,  act::put,  act::put,  act::put,       act::tick,      act::tick,
                                      act::step, act::step, act::pass, act::redeliver, act::redeliver, act::commit};
    std::vector<scene> story;
    for (std::size_t i = 0; i < length; ++i) {
        auto const any = static_cast<act>(engine() % static_cast<unsigned>(act::last));
        auto const what = engine() % 3 == 0 ? any : often.at(engine() % often.size());
        story.push_back({what, static_cast<unsigned>(engine() % 3), static_cast<unsigned>(engine() % 1'000)});
    }
    return story;
}

inline std::string text_of(std::vector<scene> const& story) {
    static constexpr std::array<char const*, static_cast<std::size_t>(act::last)> names{
        "begin",        "put",           "commit",     "rollback", "die",
        "tick",         "pass",          "redeliver",  "step",     "step_in_transaction",
        "step_and_die", "step_too_late", "seek",       "leave",    "join",
        "member_step",  "member_dies",   "wrong_retry"};
    std::string text;
    for (auto const& one : story) {
        text += std::string{names.at(static_cast<std::size_t>(one.what))} + '(' + std::to_string(one.who) + ',' +
                std::to_string(one.number) + ") ";
    }
    return text;
}

}  // namespace support
