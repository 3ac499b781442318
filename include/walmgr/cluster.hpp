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
    int history = 1;              ///< counts pg_upgrades: their segments may have equal names
    int version = 0;              ///< major version of PostgreSQL; 0 where nobody has recorded it
    std::uint32_t page_size = 0;  ///< of the log, in bytes; 0 where nobody has recorded it
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
/// The name of the file that such an object keeps, from the last part of the object's name; empty for another one.
inline std::string_view kept_file(std::string_view object) {
    constexpr std::string_view ending = ".wal";
    return object.ends_with(ending) ? object.substr(0, object.size() - ending.size()) : std::string_view{};
}

namespace detail {

/// What is wrong with the format of a page for that cluster, whose record may tell neither version nor page size; empty
/// for nothing.
inline std::string wrong_format(page_header const& page, cluster const& of) {
    auto const number = "magic number is 0x" + hex_text(page.magic, 4);
    auto const version = major_version(page.magic);
    // A format that is not known may have other headers: of such log nothing could be said to be right.
    if (version == 0 && page.magic > latest_magic)
        return "it is of a later PostgreSQL than this walmgr knows, which ends with " +
               std::to_string(major_version(latest_magic)) + ", or damaged: its " + number +
               "; take a walmgr that knows that version";
    if (version == 0) return "its " + number + ", which no PostgreSQL writes";
    if (of.version != 0 && version != of.version)
        return "it is of PostgreSQL " + std::to_string(version) + ", and the cluster of " + std::to_string(of.version);
    if (!is_page_size(page.page_size)) return "it has pages of " + std::to_string(page.page_size) + " bytes";
    if (of.page_size != 0 && page.page_size != of.page_size)
        return "it has pages of " + std::to_string(page.page_size) + " bytes, and the cluster of " +
               std::to_string(of.page_size);
    return {};
}

}  // namespace detail

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
    if (auto const why = detail::wrong_format(*page, of); !why.empty()) wrong(why);
    auto const begin = begin_of(*which, of.size);
    if (page->at != begin) wrong("it begins at " + to_string(page->at) + ", its name says " + to_string(begin));
    // The first segment after a promotion still has the pages of the old timeline in front.
    if (page->tli > name.tli || page->tli == timeline{})
        wrong("it is of timeline " + std::to_string(static_cast<std::uint32_t>(page->tli)) + ", its name says " +
              std::to_string(static_cast<std::uint32_t>(name.tli)));
}

}  // namespace walmgr
