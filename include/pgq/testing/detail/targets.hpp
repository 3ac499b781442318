/// The functions of pgq_ext, which follow a consumer of another database, on the tables in memory.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/testing/detail/arguments.hpp>
#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

inline committed_rows<kept_row> kept_of(view const& db, std::string const& consumer) {
    return db.select<kept_row>([&](auto const& key, auto const&) { return key.first == consumer; });
}

/// False when the consumer is there or further.
inline bool advance_tick(view& db, std::string const& consumer, std::int64_t previous, std::int64_t tick) {
    auto const* const found = db.find<completed_row>(consumer);
    if (found != nullptr && found->tick >= tick) return false;
    if (found != nullptr && found->tick != previous) {
        refuse("advance_tick: consumer " + consumer + " is at tick " + std::to_string(found->tick) +
                   ", the batch begins at tick " + std::to_string(previous),
               "55000");
    }
    db.put<completed_row>(consumer, completed_row{tick});
    for (auto const& kept : kept_of(db, consumer))
        db.put<kept_row>(kept.first, std::nullopt);
    return true;
}

inline void keep(view& db, std::string const& consumer, kept_row kept) {
    auto const all = kept_of(db, consumer);
    auto const place = all.empty() ? 1 : all.rbegin()->first.second + 1;
    db.put<kept_row>({consumer, place}, std::move(kept));
}

inline std::int64_t keep_retries(view& db, arguments const& given) {
    auto const ids = codec<std::vector<std::int64_t>>::parse(given.text(3));
    auto const delays = codec<std::vector<std::int64_t>>::parse(given.text(4));
    for (std::size_t i = 0; i < ids.size() && i < delays.size(); ++i)
        keep(db, given.text(0), kept_row{.tick = given.number(2), .event = ids[i], .delay = delays[i]});
    return static_cast<std::int64_t>(ids.size());
}

inline relation kept_verdicts(view& db, arguments const& given) {
    relation found{
        {"place", "event_id", "delay", "ev_type", "ev_data", "ev_extra1", "ev_extra2", "ev_extra3", "ev_extra4"}};
    auto const most = static_cast<std::size_t>(given.number(4));
    for (auto const& [key, kept] : kept_of(db, given.text(0))) {
        if (kept.tick != given.number(2) || key.second <= given.number(3) || found.data.size() == most) continue;
        auto& made = found.data.emplace_back(row{text_of(key.second), text_of(kept.event), text_of(kept.delay)});
        made.insert(made.end(), kept.text.begin(), kept.text.end());
    }
    return found;
}

/// For a consumer without members, whose second name is empty. Nothing for other functions.
inline std::optional<relation> call_for_targets(view& db, std::string_view name, arguments const& given) {
    if (name == "advance_tick" && given.size() == 3) {
        return scalar(name, text_of(advance_tick(db, given.text(0), given.number(1), given.number(2))));
    }
    if (name == "get_last_tick" && given.size() == 1) {
        auto const* const found = db.find<completed_row>(given.text(0));
        return scalar(name, found == nullptr ? std::nullopt : text_of(found->tick));
    }
    if (name == "set_last_tick" && given.size() == 2) {
        auto const tick = given.maybe_number(1);
        db.put<completed_row>(given.text(0), tick ? std::optional{completed_row{*tick}} : std::nullopt);
        return scalar(name, "1");
    }
    if (name == "keep_retries" && given.text(1).empty()) return scalar(name, text_of(keep_retries(db, given)));
    if (name == "keep_letter" && given.text(1).empty()) {
        keep(db, given.text(0), kept_row{.tick = given.number(2), .text = given.event_from(3).text});
        return scalar(name, std::string{});
    }
    if (name == "kept_verdicts" && given.text(1).empty()) return kept_verdicts(db, given);
    return std::nullopt;
}

}  // namespace pgq::testing::detail
