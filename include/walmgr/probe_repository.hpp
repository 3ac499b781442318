/// Looking whether a repository works and has what a restore needs.
#pragma once

#include <walmgr/backup/list.hpp>
#include <walmgr/discarded.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/known_lines.hpp>
#include <walmgr/log_gaps.hpp>
#include <walmgr/probe.hpp>
#include <walmgr/probe_object.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace walmgr {

/// Whether the repository takes, gives back and forgets an object.
void probe_store(probe_list& to, store auto const& where, cluster const& of) {
    to.ask("repository", [&] {
        bool const same = gives_back(where, of);
        detail::must_be(to, "repository", same, same ? "takes and gives back" : "did not give back what it took");
    });
    to.ask("gaps", [&] {
        known_lines lines;
        lines.add(where, of);
        if (auto const damage = lines.damage()) throw error{*damage};
        auto const accepted = accepted_gaps(where, of);
        std::string gaps;
        std::string known;  // recovery ends there by somebody's word
        for (auto const& gap : missing_segments(list_segments(where, of), lines.all(), of.size)) {
            auto& text = is_accepted(accepted, gap) ? known : gaps;
            text.append(text.empty() ? "" : ", ").append(shown(gap, of.size));
        }
        if (!known.empty()) known = "missing, and accepted: " + known;
        if (!gaps.empty()) gaps = "missing: " + gaps + (known.empty() ? "" : "; ");
        to.add("gaps",
               !gaps.empty()   ? verdict::wrong
               : known.empty() ? verdict::fine
                               : verdict::note,
               gaps.empty() && known.empty() ? "none between the archived segments" : gaps + known);
    });
    to.ask("discarded", [&] {
        auto const from = discardings(where, of);
        if (!from.empty())
            to.add("discarded", verdict::note,
                   "by stop --discard-wal, from " + from.back() +
                       " on; a base backup from "
                       "before cannot be restored to a time after");
    });
}

namespace detail {

/// When a backup with that label was begun.
inline std::chrono::system_clock::time_point moment_of_label(std::string_view label) {
    auto const number = [&](std::size_t at, std::size_t length) {
        int value = 0;
        std::from_chars(label.data() + at, label.data() + at + length, value);
        return value;
    };
    using namespace std::chrono;
    auto const day = year_month_day{year{number(0, 4)}, month{static_cast<unsigned>(number(4, 2))},
                                    std::chrono::day{static_cast<unsigned>(number(6, 2))}};
    return sys_days{day} + hours{number(9, 2)} + minutes{number(11, 2)} + seconds{number(13, 2)};
}

}  // namespace detail

/// Whether there is a base backup that is not too old, in whichever repository.
inline void probe_backups(probe_list& to, backup_list const& found, probe_limits const& limits) {
    for (auto const& one : found.damaged)
        to.add("backup", verdict::wrong, one.label + " is damaged: " + one.why);
    std::string newest;
    for (auto const& one : found.sealed)
        newest = std::max(newest, one.label);
    if (newest.empty()) return to.add("backup", verdict::wrong, "there is no base backup; run: walmgr CONFIG backup");
    auto const taken = detail::moment_of_label(newest);
    auto const age = std::chrono::floor<std::chrono::hours>(std::chrono::system_clock::now() - taken);
    detail::must_be(to, "backup", age <= limits.backup_age,
                    newest + " is the newest, " + std::to_string(age.count()) + " hours old");
}

}  // namespace walmgr
