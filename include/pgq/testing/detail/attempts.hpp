/// The server's functions for attempts at batches, on the tables in memory.
#pragma once

#include <pgq/testing/detail/arguments.hpp>
#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::testing::detail {

/// What is known of the batch of that subscription, be it from a member whose batch was taken over.
inline attempt_row known_attempt(view& db, subscription_row::key const& holder, subscription_row const& sub) {
    auto const* const own = db.find<attempt_row>(holder);
    if (own != nullptr && own->tick == sub.next_tick && own->sub == sub.id) return *own;
    auto const others = db.select<attempt_row>([&](auto const& key, attempt_row const& one) {
        return key.first == holder.first && key != holder && one.sub == sub.id && one.tick == sub.next_tick;
    });
    for (auto const& [key, one] : others)
        db.put<attempt_row>(key, std::nullopt);
    return others.empty() ? attempt_row{} : others.begin()->second;
}

inline relation begin_attempt(view& db, std::int64_t batch, std::string const& worker) {
    relation found{{"deaths", "place", "place_deaths"}};
    auto const holder = holder_of(db, batch);
    if (!holder) {
        found.data.emplace_back(found.columns.size());
        return found;
    }
    auto const& [key, sub] = *holder;
    auto now = known_attempt(db, key, sub);
    bool const died = now.worker && *now.worker != worker;
    now.deaths += died ? 1 : 0;
    now.place_deaths += died && now.trying ? 1 : 0;
    now.sub = sub.id;
    now.tick = sub.next_tick.value_or(0);
    now.worker = worker;
    now.trying = false;
    found.data.push_back({text_of(now.deaths), text_of(now.place), text_of(now.place_deaths)});
    db.put<attempt_row>(key, std::move(now));
    return found;
}

/// Changes what is known of the batch while the worker works on it; false when it does not.
inline bool change_attempt(view& db, std::int64_t batch, std::string const& worker, auto const& change) {
    auto const holder = holder_of(db, batch);
    if (!holder) return false;
    auto const* const found = db.find<attempt_row>(holder->first);
    if (found == nullptr || found->tick != holder->second.next_tick || found->worker != worker) return false;
    auto known = *found;
    change(known);
    db.put<attempt_row>(holder->first, std::move(known));
    return true;
}

/// Functions for attempts. Nothing for others.
inline std::optional<relation> call_for_attempts(view& db, std::string_view name, arguments const& given) {
    if (name == "begin_attempt") return begin_attempt(db, given.number(0), given.text(1));
    if (name == "mark_attempt") {
        auto const place = given.number(2);
        return scalar(name, text_of(change_attempt(db, given.number(0), given.text(1), [&](attempt_row& known) {
                          if (known.place != place) known.place_deaths = 0;
                          known.place = place;
                          known.trying = true;
                      })));
    }
    if (name == "leave_attempt") {
        return scalar(name, text_of(change_attempt(db, given.number(0), given.text(1), [](attempt_row& known) {
                          known.worker = std::nullopt;
                          known.trying = false;
                      })));
    }
    return std::nullopt;
}

}  // namespace pgq::testing::detail
