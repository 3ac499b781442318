/// Log that a server was told to throw away: each time a small object says from which file on.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>

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
std::vector<std::string> discardings(store auto const& where, cluster const& of) {
    return where.list(detail::discarded_folder(of));
}

}  // namespace walmgr
