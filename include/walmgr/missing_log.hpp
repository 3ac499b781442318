/// Which log is missing in several repositories together, and which only in some of them, so that the others can give
/// it.
#pragma once

#include <walmgr/archived.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/known_lines.hpp>
#include <walmgr/log_gaps.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// A gap over all repositories.
struct known_gap {
    wal_gap where{};
    std::optional<std::string> found{};     ///< why, where it is recorded, or a part of it
    std::optional<std::string> accepted{};  ///< by whom and why, when recovery may end in front of it
};

/// Segments that one repository lacks and another one has.
struct lacking {
    std::size_t repository = 0;  ///< its number
    wal_gap where{};
};

/// All that is missing.
struct missing_log {
    std::vector<wal_gap> held{};  ///< what is there in any of them, in runs without a hole
    std::vector<known_gap> everywhere{};
    std::vector<lacking> in_one{};
    std::vector<repository_failure> failed{};  ///< who could not be asked; `everywhere` may then be wrong
    std::optional<error> damage{};             ///< of a history that is whole nowhere: likewise
    std::optional<cluster> of{};               ///< nothing when nobody could be asked
};

/// Puts segments, which are sorted, together to runs.
inline std::vector<wal_gap> runs_of(std::vector<segment> const& segments) {
    std::vector<wal_gap> runs;
    for (auto const& one : segments) {
        bool const goes_on = !runs.empty() && runs.back().tli == one.tli && runs.back().last + 1 == one.number;
        if (goes_on) runs.back().last = one.number;
        else runs.push_back({one.tli, one.number, one.number});
    }
    return runs;
}

/// Why a gap was accepted, in the words of who did it; nothing for one that was not.
/// @throws error  from the store
std::optional<std::string> acceptance_of(store auto const& where, cluster const& of, segment first) {
    for (auto const& gap : accepted_gaps(where, of)) {
        if (!gap.has(first)) continue;
        return read_small_object(where, detail::gaps_folder(of) + '/' + detail::gap_name(gap, of)).value_or("");
    }
    return std::nullopt;
}

/// Why a gap is one, in the words of who recorded it or a part of it; nothing where nobody did.
/// @throws error  from the store
std::optional<std::string> record_of(store auto const& where, cluster const& of, wal_gap const& gap) {
    for (auto const& recorded : found_gaps(where, of)) {
        if (recorded.tli == gap.tli && recorded.first <= gap.last && gap.first <= recorded.last)
            return why_of_gap(where, of, recorded);
    }
    return std::nullopt;
}

/// Asks all repositories, by names and the histories of timelines. One that began later than the others lacks nothing
/// from before its first segment. Who cannot be asked is in `failed`.
inline missing_log find_missing_log(repositories& all) {
    missing_log told;
    std::vector<std::optional<std::vector<segment>>> held(all.size());
    std::vector<segment> together;
    std::vector<wal_gap> found;
    known_lines lines;
    for (std::size_t which = 0; which < all.size(); ++which) {
        all.attempt(which, told.failed, [&](repository const& in) {
            auto own = list_segments(in.where, in.of);
            auto const recorded = found_gaps(in.where, in.of);
            lines.add(in.where, in.of);
            found.insert(found.end(), recorded.begin(), recorded.end());
            together.insert(together.end(), own.begin(), own.end());
            held[which] = std::move(own);
            told.of = in.of;
        });
    }
    told.damage = lines.damage();
    std::sort(together.begin(), together.end());
    together.erase(std::unique(together.begin(), together.end()), together.end());
    told.held = runs_of(together);
    auto const size = told.of ? told.of->size : segment_size{};
    for (auto const& gap : missing_segments(together, lines.all(), size, found)) {
        known_gap one{.where = gap};
        for (std::size_t which = 0; which < all.size() && !(one.accepted && one.found); ++which) {
            if (!held[which]) continue;
            all.attempt(which, told.failed, [&](repository const& in) {
                if (!one.found) one.found = record_of(in.where, in.of, gap);
                if (!one.accepted) one.accepted = acceptance_of(in.where, in.of, {gap.tli, gap.first});
            });
        }
        told.everywhere.push_back(std::move(one));
    }
    for (std::size_t which = 0; which < all.size(); ++which) {
        if (!held[which] || held[which]->empty()) continue;
        std::vector<segment> lacked;
        for (auto const& one : together) {
            bool const wanted = held[which]->front() < one;
            if (wanted && !std::binary_search(held[which]->begin(), held[which]->end(), one)) lacked.push_back(one);
        }
        for (auto const& run : runs_of(lacked))
            told.in_one.push_back({which, run});
    }
    return told;
}

}  // namespace walmgr
