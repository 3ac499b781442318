/// The past of a timeline, as its history in the archive tells it.
#pragma once

#include <walmgr/archive.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/store.hpp>
#include <walmgr/timeline_history.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// A timeline and those that it came from.
struct lineage {
    std::vector<ancestor> past{};  ///< oldest first
    timeline own{};
};

/// Where a timeline begins; zero for the first one.
inline lsn begin_of(lineage const& line) {
    return line.past.empty() ? lsn{} : line.past.back().end;
}

/// Whether what was written on `tli` up to `end` belongs to the past of a timeline, or to itself.
inline bool contains(lineage const& line, timeline tli, lsn end) {
    if (tli == line.own) return true;
    return std::any_of(line.past.begin(), line.past.end(),
                       [&](ancestor const& one) { return one.tli == tli && end <= one.end; });
}

/// The timelines that may hold segment `number`, newest first: the one that goes on there, and behind it those that it
/// branched off from within that segment. The first has all that the others have.
inline std::vector<timeline> holders(lineage const& line, std::uint64_t number, segment_size size) {
    std::vector<timeline> found;
    auto begin = line.past.empty() ? lsn{} : line.past.back().end;
    if (begin.bytes / size.bytes <= number) found.push_back(line.own);
    for (auto i = line.past.size(); i-- > 0;) {
        begin = i == 0 ? lsn{} : line.past[i - 1].end;
        auto const last = (line.past[i].end.bytes - 1) / size.bytes;
        if (begin.bytes / size.bytes <= number && number <= last) found.push_back(line.past[i].tli);
    }
    return found;
}

/// The history of a timeline. Timeline 1 has none. @throws error  gap, when it is not archived; whatever reading says
lineage find_lineage(store auto const& where, cluster const& of, timeline tli) {
    auto const text = history_name(tli);
    auto const name = parse_wal_name(text);
    auto const object = object_name(of, *name, text);
    auto const found = where.open(object);
    if (!found) {
        if (tli == timeline{1}) return {.past = {}, .own = tli};
        throw error{fault::gap, "the history of timeline " + std::to_string(static_cast<std::uint32_t>(tli)) +
                                    " is not in the repository (" + text + "), so nobody knows where it comes from"};
    }
    std::string bytes;
    detail::unpack_archived(*found, object, *name, of, [&](std::string_view raw) { bytes += raw; });
    auto past = parse_timeline_history(bytes, tli);
    if (!past) throw error{fault::corrupt, object + " in the store is no whole history of a timeline"};
    return {.past = std::move(*past), .own = tli};
}

/// All timelines of which the archive has something, oldest first.
std::vector<timeline> archived_timelines(readable_store auto const& where, cluster const& of) {
    std::vector<timeline> found;
    for (auto const& entry : where.list(wal_folder(of))) {
        auto const text = std::string_view{entry};
        bool const is_folder = text.ends_with('/') && text.size() == 9;
        bool const is_history = text.ends_with(".history.wal");
        auto const number = detail::hex_number<std::uint32_t>(text.substr(0, 8), true);
        if ((is_folder || is_history) && number && *number > 0) found.push_back(timeline{*number});
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace walmgr
