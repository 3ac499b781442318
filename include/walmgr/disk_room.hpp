/// How much room a file system has, and how sure that is.
#pragma once

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <walmgr/file.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

namespace walmgr {

/// What is left where a folder lies.
struct disk_room {
    std::uint64_t free = 0;     ///< bytes that everybody may write
    std::uint64_t at_most = 0;  ///< the same with what some users only may write: nobody can write more
    /// Whether a file takes there what it is long. Nobody knows it where the file system packs files, or lets them
    /// share blocks.
    bool plain = false;
    std::uint64_t device = 0;
    std::uint32_t project = 0;  ///< of which the file system limits the room; 0 for none

    /// Whether what is written in one of both places is missing in the other.
    [[nodiscard]] bool is_shared_with(disk_room const& other) const {
        return device == other.device && project == other.project;
    }
};

namespace detail {

/// Those that keep the bytes of a file as they are: ext2 to ext4, XFS and tmpfs. Source: linux/magic.h.
inline bool keeps_files_plain(std::uint64_t kind) {
    return kind == 0xEF53 || kind == 0x5846'5342 || kind == 0x0102'1994;
}

/// The project whose limit holds for what is created in a folder: statfs() tells the room that this one has. Nothing
/// when that cannot be known.
inline std::optional<std::uint32_t> limited_project(std::string const& folder) {
    int const descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (descriptor < 0) return std::nullopt;
    file const opened{descriptor, folder};
    struct ::fsxattr found {};
    // What cannot tell it has none.
    if (::ioctl(descriptor, FS_IOC_FSGETXATTR, &found) != 0) return 0;
    return (found.fsx_xflags & FS_XFLAG_PROJINHERIT) != 0 ? found.fsx_projid : 0;
}

}  // namespace detail

/// The room of a folder, or where it is missing of the one that it would be made in. Nothing where the system does not
/// tell, and for a path that does not begin with a slash.
inline std::optional<disk_room> room_at(std::string folder) {
    if (!folder.starts_with('/')) return std::nullopt;
    struct ::statfs disk {};
    while (::statfs(folder.c_str(), &disk) != 0) {
        if (errno != ENOENT || folder.size() < 2) return std::nullopt;
        folder.resize(folder.rfind('/'));
        if (folder.empty()) folder = "/";
    }
    struct ::stat found {};
    if (disk.f_blocks == 0 || ::stat(folder.c_str(), &found) != 0) return std::nullopt;
    auto const block = static_cast<std::uint64_t>(disk.f_frsize != 0 ? disk.f_frsize : disk.f_bsize);
    auto const project = detail::limited_project(folder);
    return disk_room{.free = std::uint64_t{disk.f_bavail} * block,
                     .at_most = std::uint64_t{disk.f_bfree} * block,
                     .plain = project && detail::keeps_files_plain(static_cast<std::uint64_t>(disk.f_type)),
                     .device = found.st_dev,
                     .project = project.value_or(0)};
}

}  // namespace walmgr
