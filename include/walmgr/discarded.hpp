/// Log that a server was told to throw away: each time a small object says from which file on.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>

#include <optional>
#include <string>
#include <vector>

namespace walmgr {

namespace detail {
inline std::string discarded_folder(cluster const& of) {
    return of.name + "/discarded/" + std::to_string(of.history);
}
}  // namespace detail

/// Records that `first` (a segment's name) and what follows may never be archived. To do it twice does no harm.
void record_discarding(store auto const& where, cluster const& of, std::string const& first) {
    create_small_object(where, detail::discarded_folder(of) + '/' + first,
                        "archiving was stopped with --discard-wal while " + first + " was written\n");
}

/// The names of the segments from which on log was thrown away, oldest first.
std::vector<std::string> discardings(readable_store auto const& where, cluster const& of) {
    return where.list(detail::discarded_folder(of));
}

/// The first segment that was thrown away last, while nothing behind it is archived: once something is, what is missing
/// in between shows as a gap. It may be one that waited to be archived, in front of the one that is recorded.
/// @throws error  from the store
std::optional<segment> discarded_end(readable_store auto const& where, cluster const& of) {
    auto const all = discardings(where, of);
    auto const name = all.empty() ? std::nullopt : parse_wal_name(all.back());
    auto first = name ? segment_of(*name, of.size) : std::nullopt;
    if (!first) return std::nullopt;
    std::optional<segment> last;
    for (auto const& one : list_segments(where, of)) {
        if (one.tli >= first->tli && one.number >= first->number) return std::nullopt;
        if (one.tli == first->tli) last = one;
    }
    if (last) first->number = last->number + 1;
    return first;
}

}  // namespace walmgr
