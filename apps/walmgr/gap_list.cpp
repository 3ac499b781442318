#include "gap_list.hpp"

#include "gap_facts.hpp"

#include <cstdint>
#include <iostream>
#include <string>

namespace walmgr_app {

using apps::json;

std::size_t show(config const& settings, walmgr::missing_log const& found,
                 std::vector<walmgr::lacking_history> const& histories,
                 std::optional<walmgr::segment> const& discarded) {
    for (auto const& one : found.everywhere)
        std::cout << shown(one.where, found.of->size) << ": "
                  << (one.accepted ? "accepted " + note_line(*one.accepted)
                      : one.found  ? "missing: " + note_line(*one.found)
                                   : std::string{"missing"})
                  << '\n';
    auto const say_lacking = [&](std::string const& what, std::size_t repository) {
        std::cout << what << ": missing in " << settings.walmgr_data.at(repository) << " alone; gap refill copies it\n";
    };
    for (auto const& one : found.in_one)
        say_lacking(shown(one.where, found.of->size), one.repository);
    for (auto const& one : histories)
        say_lacking(walmgr::history_name(one.tli), one.repository);
    if (discarded)
        std::cout << file_name(*discarded, found.of->size)
                  << " and what follows was thrown away by stop --discard-wal, and no later log is archived\n";
    return found.everywhere.size() + found.in_one.size() + histories.size() + (discarded ? 1 : 0);
}

void show_json(config const& settings, walmgr::missing_log const& found,
               std::vector<walmgr::lacking_history> const& histories, std::optional<walmgr::segment> const& discarded,
               std::vector<walmgr::dropped_file> const& here) {
    auto const line_of = [](auto const& note) { return note ? json{note_line(*note)} : json{nullptr}; };
    auto const gaps = json::list(found.everywhere, [&](auto const& one) {
        auto facts = facts_of(one.where, found.of->size);
        facts.emplace_back("recorded", one.found.has_value());
        facts.emplace_back("why", line_of(one.found));
        facts.emplace_back("accepted", line_of(one.accepted));
        return json{facts};
    });
    auto const lacking = json::list(found.in_one, [&](auto const& one) {
        auto facts = facts_of(one.where, found.of->size);
        facts.emplace_back("repository", settings.walmgr_data.at(one.repository));
        return json{facts};
    });
    auto const lacking_histories = json::list(histories, [&](auto const& one) {
        return json{{"timeline", static_cast<std::uint32_t>(one.tli)},
                    {"repository", settings.walmgr_data.at(one.repository)}};
    });
    auto const dropped = json::list(here, [](auto const& one) {
        return json{{"name", one.name}, {"why", note_line(one.why)}};
    });
    json const all{{"cluster", settings.cluster},
                   {"gaps", gaps},
                   {"lacking", lacking},
                   {"histories", lacking_histories},
                   {"discarded", discarded ? json{file_name(*discarded, found.of->size)} : json{nullptr}},
                   {"dropped", dropped}};
    std::cout << all.text() << '\n';
}

}  // namespace walmgr_app
