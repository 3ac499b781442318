/// Making a whole tree of files durable.
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <walmgr/file.hpp>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

namespace walmgr {
namespace detail {

/// Before Linux 5.8 syncfs() says nothing of bytes that could not be written.
inline bool syncfs_tells_errors() {
    ::utsname system{};
    if (::uname(&system) != 0) return false;
    std::string_view const release{static_cast<char const*>(system.release)};
    int major = 0;
    int minor = 0;
    auto const [dot, problem] = std::from_chars(release.data(), release.data() + release.size(), major);
    if (problem != std::errc{} || dot == release.data() + release.size()) return false;
    std::from_chars(dot + 1, release.data() + release.size(), minor);
    return major > 5 || (major == 5 && minor >= 8);
}

inline int sync_entry(char const* path, struct stat const* /*found*/, int kind, ::FTW* /*place*/) {
    if (kind == FTW_SL || kind == FTW_SLN) return 0;
    int const descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    bool const fine = ::fsync(descriptor) == 0;
    ::close(descriptor);
    return fine ? 0 : -1;
}

}  // namespace detail

/// Returns when all that lies under `folder` on its file system will survive a loss of power.
/// @throws error  unavailable or disk_full, when something could not be written
inline void sync_tree(std::string const& folder) {
    auto const root = open_file(folder, O_RDONLY | O_DIRECTORY);
    if (!root.is_open()) refuse("cannot open " + folder, ENOENT);
    constexpr int folders_at_once = 32;
    bool const fine = detail::syncfs_tells_errors()
                          ? ::syncfs(root.descriptor()) == 0
                          : ::nftw(folder.c_str(), detail::sync_entry, folders_at_once, FTW_PHYS | FTW_DEPTH) == 0;
    if (!fine) refuse("cannot make " + folder + " durable");
}

}  // namespace walmgr
