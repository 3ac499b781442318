/// Log that a receiver could not get any more, or that was given up because a disk was filling, so that it is missing
/// unless it comes by another way. That such a gap was found does not mean that anybody has accepted it: for that see
/// <walmgr/gap.hpp>.
#pragma once

#include <walmgr/archived.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace walmgr {
namespace detail {

inline std::string found_gaps_folder(cluster const& of) {
    return of.name + "/gaps_found";
}
inline std::string found_gap_name(cluster const& of, wal_gap const& gap) {
    return found_gaps_folder(of) + '/' + gap_name(gap, of);
}

}  // namespace detail

/// Records a gap, and why it is one. False when it was known. @throws error  from the store
bool record_found_gap(store auto const& where, cluster const& of, wal_gap const& found,
                      std::string_view why = "gone from the server before it was received\n") {
    return create_small_object(where, detail::found_gap_name(of, found), why);
}

/// Why a recorded gap is one. @throws error  from the store
std::string why_of_gap(store auto const& where, cluster const& of, wal_gap const& found) {
    auto text = read_small_object(where, detail::found_gap_name(of, found)).value_or("");
    return text.substr(0, text.find('\n'));
}

/// Nobody needs to be told any more. False when nobody was. @throws error  from the store
bool forget_found_gap(store auto const& where, cluster const& of, wal_gap const& found) {
    return where.remove(detail::found_gap_name(of, found));
}

/// All that were recorded, filled since or not. @throws error  from the store
std::vector<wal_gap> found_gaps(readable_store auto const& where, cluster const& of) {
    std::vector<wal_gap> found;
    for (auto const& name : where.list(detail::found_gaps_folder(of))) {
        if (auto const one = detail::parse_gap_name(name, of)) found.push_back(*one);
    }
    return found;
}

/// Whether a segment of a gap is still missing: an archiver may have brought it since. @throws error  from the store
bool is_open(store auto const& where, cluster const& of, wal_gap const& gap) {
    for (auto number = gap.first; number <= gap.last; ++number) {
        if (!has_segment(where, of, {gap.tli, number})) return true;
    }
    return false;
}

}  // namespace walmgr
