/// Which segments are missing, by the names of those that are there, and by the histories of timelines: where a
/// timeline was left for another one it went on to that point, whether or not anything behind the last archived segment
/// is there.
#pragma once

#include <walmgr/gap.hpp>
#include <walmgr/restore/lineage.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace walmgr {

/// The segments of older timelines that a line goes through from end to end, by position. That in which a timeline was
/// left is none of them: the next timeline has all of it that counts, and the older one may have it in part only.
inline std::vector<wal_gap> whole_past(lineage const& line, segment_size size) {
    std::vector<wal_gap> runs;
    std::uint64_t begin = 0;
    for (auto const& one : line.past) {
        auto const end = one.end.bytes / size.bytes;
        if (begin < end) runs.push_back({one.tli, begin, end - 1});
        begin = end;
    }
    return runs;
}

/// The oldest of these lines that goes through a segment of an older timeline from end to end, so that this cannot be
/// behind the end of the log; null where none does.
inline lineage const* line_through(std::vector<lineage> const& lines, segment which, segment_size size) {
    auto const found = std::find_if(lines.begin(), lines.end(), [&](lineage const& line) {
        auto const runs = whole_past(line, size);
        return std::any_of(runs.begin(), runs.end(), [&](wal_gap const& run) { return run.has(which); });
    });
    return found == lines.end() ? nullptr : &*found;
}

/// The holes between these segments, which are sorted, and what of `wanted` is not there, without counting twice.
inline std::vector<wal_gap> gaps_among(std::vector<segment> const& there, std::vector<wal_gap> const& wanted) {
    auto all = gaps_between(there);
    for (auto const& gap : wanted) {
        wal_gap rest = gap;
        auto at = std::lower_bound(there.begin(), there.end(), segment{gap.tli, gap.first});
        for (; at != there.end() && gap.has(*at); ++at) {
            if (at->number > rest.first) all.push_back({gap.tli, rest.first, at->number - 1});
            rest.first = at->number + 1;
        }
        if (rest.first <= rest.last) all.push_back(rest);
    }
    std::sort(all.begin(), all.end());
    std::vector<wal_gap> merged;
    for (auto const& one : all) {
        bool const touches = !merged.empty() && merged.back().tli == one.tli && one.first <= merged.back().last + 1;
        if (touches) merged.back().last = std::max(merged.back().last, one.last);
        else merged.push_back(one);
    }
    return merged;
}

namespace detail {

/// What a line needs from its first segment that is there to its last whole one that is known of.
inline std::vector<wal_gap> wanted_by(lineage const& line, std::vector<segment> const& there, segment_size size) {
    auto const first_of = [&](wal_gap const& run) -> std::optional<std::uint64_t> {
        auto const at = std::lower_bound(there.begin(), there.end(), segment{run.tli, run.first});
        return at != there.end() && run.has(*at) ? std::optional{at->number} : std::nullopt;
    };
    // What is in front of all that is archived is not missing: it was before, or has expired.
    std::optional<std::uint64_t> first;
    std::uint64_t begin = 0;
    for (auto const& one : line.past) {
        auto const last = (std::max(one.end.bytes, std::uint64_t{1}) - 1) / size.bytes;
        if (!first) first = first_of({one.tli, begin, last});
        begin = one.end.bytes / size.bytes;
    }
    auto wanted = whole_past(line, size);
    if (auto const own = first_of({line.own, begin, std::numeric_limits<std::uint64_t>::max()})) {
        if (!first) first = own;
        wanted.push_back({line.own, begin, *own});
    }
    if (!first) return {};
    std::erase_if(wanted, [&](wal_gap const& run) { return run.last < *first; });
    for (auto& run : wanted)
        run.first = std::max(run.first, *first);
    return wanted;
}

}  // namespace detail

/// All that is missing between segments that are there, which are sorted, on each timeline and along each of `lines`;
/// and what of `recorded` is not there. What was written on a timeline behind the point where it was left is not needed
/// by a line, and neither is anything in front of its first segment that is there.
inline std::vector<wal_gap> missing_segments(std::vector<segment> const& there, std::vector<lineage> const& lines,
                                             segment_size size, std::vector<wal_gap> const& recorded = {}) {
    auto wanted = recorded;
    for (auto const& line : lines) {
        auto const more = detail::wanted_by(line, there, size);
        wanted.insert(wanted.end(), more.begin(), more.end());
    }
    return gaps_among(there, wanted);
}

}  // namespace walmgr
