/// Fetching one file from the first of several repositories that has it whole.
#pragma once

#include <walmgr/fetch.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/repositories.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace walmgr {

/// What came of it.
struct fetch_report {
    bool found = false;
    object_label label{};                      ///< of what was found in a repository
    std::vector<repository_failure> failed{};  ///< damaged copies, and repositories that could not be asked
};

namespace detail {

/// Refuses a segment that nobody has when it is in front of others, is recorded as missing, or has a later timeline
/// that goes on behind it, unless that was accepted.
inline void check_gap(repositories& all, wal_name const& name, std::string const& text) {
    std::vector<repository_failure> failed;
    std::optional<std::string> though;
    bool accepted = false;
    std::optional<std::string> recorded;
    auto const has = [&](std::vector<wal_gap> const& gaps, cluster const& of) -> std::optional<wal_gap> {
        auto const wanted = segment_of(name, of.size);
        auto const found =
            std::find_if(gaps.begin(), gaps.end(), [&](wal_gap const& one) { return wanted && one.has(*wanted); });
        return found == gaps.end() ? std::nullopt : std::optional{*found};
    };
    for (std::size_t which = 0; which < all.size() && !though; ++which) {
        all.attempt(which, failed, [&](repository const& in) {
            if (auto const later = later_segment(in.where, in.of, name))
                though = "later ones are there, such as " + *later;
        });
    }
    for (std::size_t which = 0; which < all.size() && !though && !recorded; ++which) {
        all.attempt(which, failed, [&](repository const& in) {
            if (auto const gap = has(found_gaps(in.where, in.of), in.of)) recorded = why_of_gap(in.where, in.of, *gap);
        });
    }
    known_lines lines;
    for (std::size_t which = 0; which < all.size() && !though && !recorded; ++which) {
        all.attempt(which, failed, [&](repository const& in) {
            lines.add(in.where, in.of, name.tli);
            though = later_timeline(lines, name, in.of.size);
        });
    }
    auto const damage = lines.damage();
    for (std::size_t which = 0; which < all.size() && (though || recorded || damage); ++which) {
        all.attempt(which, failed,
                    [&](repository const& in) { accepted = accepted || has(accepted_gaps(in.where, in.of), in.of); });
    }
    if (accepted) return;
    if (though) refuse_gap(text, *though);
    if (recorded)
        throw error{fault::gap,
                    text + " is missing, as is recorded: " + *recorded + ". Recovery cannot go beyond the gap"};
    if (damage) failed.push_back({"", damage->kind(), damage->what()});
    if (!failed.empty()) refuse_all(failed);
}

/// From the first that has it whole; says nothing of why nobody has.
inline fetch_report fetch_from_any(repositories& all, wal_name const& name, std::string const& text,
                                   std::string const& place) {
    fetch_report report;
    for (std::size_t which = 0; which < all.size() && !report.found; ++which) {
        all.attempt(which, report.failed, [&](repository const& in) {
            auto const label =
                telling_what_heals(text, [&] { return fetch_object(in.where, in.of, name, text, place); });
            report.found = label.has_value();
            if (label) report.label = *label;
        });
    }
    return report;
}

}  // namespace detail

/// Writes the file to `place` from the first repository whose copy is whole. Where there is none, it does not look for
/// the reason: whether it is missing is for fetch_file() to say. @throws error  usage, for another kind of name
inline fetch_report fetch_whole(repositories& all, std::string const& text, std::string const& place) {
    return detail::fetch_from_any(all, detail::require_wal_name(text), text, place);
}

/// Writes the file to `place` as fetch_file() does from one store: from the first repository that has it and whose copy
/// is whole. It is absent only when each repository was asked and has it not, and a segment only when none has a later
/// one of its timeline, a record that it is missing or the history of a timeline that goes on from behind it, or when
/// the gap was accepted.
/// @throws error  usage, for another kind of name; what the repositories say, when none hands it out and one of them
///                has it damaged or cannot be asked; gap
inline fetch_report fetch_file(repositories& all, std::string const& text, std::string const& place) {
    auto const name = detail::require_wal_name(text);
    auto report = detail::fetch_from_any(all, name, text, place);
    if (report.found) return report;
    if (!report.failed.empty()) refuse_all(report.failed);
    if (name.kind != wal_kind::segment) return report;
    try {
        detail::check_gap(all, name, text);
    } catch (error const& problem) {
        if (problem.kind() != fault::gap) throw;
        // It may have been archived since it was asked for, and what is behind it as well.
        report = detail::fetch_from_any(all, name, text, place);
        if (!report.found) throw;
    }
    return report;
}

}  // namespace walmgr
