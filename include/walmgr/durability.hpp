/// What is done so that written files survive a loss of power: a policy of whatever writes some.
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <walmgr/file.hpp>

#include <charconv>
#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>

namespace walmgr {

/// `keep` is given a file with all of its bytes written, `keep_names` a folder in which names came or went, and
/// `keep_tree` one below which all is to be kept. Each returns when that will survive, and throws when it will not.
template <class D>
concept durability = std::copyable<D> && requires(D const& by, file& written, std::string const& folder) {
    by.keep(written);
    by.keep_names(folder);
    by.keep_tree(folder);
};

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

/// The disk has it. Files and folders are synced one by one, a tree together with all else of its file system, which is
/// one call instead of one for each file, and waits for what others have written there as well.
struct synced {
    bool trees_at_once = true;  ///< else, and before Linux 5.8, one by one as well

    /// @throws error  unavailable or disk_full, as the others do
    void keep(file& written) const { written.sync(); }
    void keep_names(std::string const& folder) const { sync_folder(folder); }
    /// What lies behind symbolic links is none of it, nor what `trees_at_once` does not find on the same file system.
    void keep_tree(std::string const& folder) const {
        auto const root = open_file(folder, O_RDONLY | O_DIRECTORY);
        if (!root.is_open()) refuse("cannot open " + folder, ENOENT);
        constexpr int folders_at_once = 32;
        bool const fine = trees_at_once && detail::syncfs_tells_errors()
                              ? ::syncfs(root.descriptor()) == 0
                              : ::nftw(folder.c_str(), detail::sync_entry, folders_at_once, FTW_PHYS | FTW_DEPTH) == 0;
        if (!fine) refuse("cannot make " + folder + " durable");
    }
};

/// Nothing is waited for: for tests, and for what is thrown away after a crash in any case.
struct unsynced {
    void keep(file& /*written*/) const noexcept {}
    void keep_names(std::string const& /*folder*/) const noexcept {}
    void keep_tree(std::string const& /*folder*/) const noexcept {}
};

static_assert(durability<synced> && durability<unsynced>);

}  // namespace walmgr
