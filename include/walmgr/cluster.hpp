/// Which cluster a repository keeps the log of, and where in the repository its files lie.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/object.hpp>
#include <walmgr/page_header.hpp>
#include <walmgr/wal_name.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr {

/// What stays the same of a cluster from initdb to the next pg_upgrade.
struct cluster {
    std::string name = "main";  ///< its folder in the repository
    std::uint64_t system_id = 0;
    segment_size size{};
    int history = 1;  ///< counts pg_upgrades: their segments may have equal names
};

/// Where the log of a cluster lies. At most 256 segments of 16 MiB are in one folder.
inline std::string wal_folder(cluster const& of) {
    return of.name + "/wal/" + std::to_string(of.history);
}
inline std::string segments_folder(cluster const& of, timeline tli) {
    return wal_folder(of) + '/' + detail::hex_text(static_cast<std::uint32_t>(tli), 8);
}
/// The object that keeps the file `text`, whose name is `name` taken apart.
inline std::string object_name(cluster const& of, wal_name const& name, std::string_view text) {
    auto folder = wal_folder(of);
    if (name.kind == wal_kind::segment) folder = segments_folder(of, name.tli) + '/' + detail::hex_text(name.high, 8);
    return folder.append("/").append(text).append(".wal");
}

/// Refuses the first page of a segment that is not the one it should be. @throws error  identity, which says what it is
inline void check_segment_start(std::string_view start, wal_name const& name, cluster const& of,
                                std::string const& what) {
    auto const wrong = [&](std::string const& why) {
        throw error{fault::identity, what + " is no segment of this cluster: " + why};
    };
    auto const which = segment_of(name, of.size);
    if (!which) wrong("its name does not exist with segments of " + std::to_string(of.size.bytes) + " bytes");
    auto const page = parse_page_header(start);
    if (!page) return wrong("it does not begin with the header of a segment");
    if (page->system_id != of.system_id)
        wrong("its system id is " + std::to_string(page->system_id) + ", the cluster's is " +
              std::to_string(of.system_id));
    if (page->size != of.size)
        wrong("its cluster has segments of " + std::to_string(page->size.bytes) + " bytes, this one of " +
              std::to_string(of.size.bytes));
    auto const begin = begin_of(*which, of.size);
    if (page->at != begin) wrong("it begins at " + to_string(page->at) + ", its name says " + to_string(begin));
    // The first segment after a promotion still has the pages of the old timeline in front.
    if (page->tli > name.tli || page->tli == timeline{})
        wrong("it is of timeline " + std::to_string(static_cast<std::uint32_t>(page->tli)) + ", its name says " +
              std::to_string(static_cast<std::uint32_t>(name.tli)));
}

}  // namespace walmgr
