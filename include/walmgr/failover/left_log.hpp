/// What a lost primary had written and not archived, as far as it is missed.
#pragma once

#include <walmgr/missing_log.hpp>
#include <walmgr/restore/lineage.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace walmgr {

/// What all repositories together lack of the timeline that `line` goes on from, up to the point where it does: whether
/// or not they have been told of it yet. That of other timelines, and what one of them lacks, is none of it.
inline missing_log find_left_log(repositories& all, lineage const& line) {
    auto found = find_missing_log(all);
    found.in_one.clear();
    auto const known = std::exchange(found.everywhere, {});
    if (!found.of || line.past.empty()) return found;
    auto const size = found.of->size;
    auto const& left = line.past.back();
    // The segment with that point is the later timeline's.
    auto const end = left.end.bytes / size.bytes;
    std::vector<segment> there;
    for (auto const& run : found.held) {
        for (auto number = run.first; number <= run.last; ++number)
            there.push_back({run.tli, number});
    }
    for (auto gap : missing_segments(there, {line}, size)) {
        if (gap.tli != left.tli || gap.first >= end) continue;
        gap.last = std::min(gap.last, end - 1);
        known_gap one{.where = gap};
        for (auto const& other : known) {
            if (other.where.has({gap.tli, gap.first})) one.accepted = other.accepted;
        }
        found.everywhere.push_back(std::move(one));
    }
    return found;
}

}  // namespace walmgr
