/// A folder for segments that were fetched before a recovering server asks for them.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/agent/file_id.hpp>
#include <walmgr/file.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/store/posix.hpp>
#include <walmgr/unfinished_file.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace walmgr {

/// A file of the spool, as it was when it was verified.
struct spooled {
    file_id id{};
    digest content{};
};

namespace detail {

/// Opens a folder in which nobody but us can put anything, and makes it where there is none: its parent may be
/// everybody's, and somebody may have been there before us, with a folder of his or a link to another one of ours.
inline file open_own_folder(std::string const& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) refuse("cannot create " + path);
    file own{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path};
    if (!own.is_open() && errno != ENOTDIR && errno != ELOOP) refuse("cannot open " + path);
    struct stat found {};
    if (own.is_open() && ::fstat(own.descriptor(), &found) != 0) refuse("cannot look at " + path);
    if (!own.is_open() || found.st_uid != ::geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        throw error{fault::configuration, path + " is no folder that belongs to us and that nobody else can write to; "
                                                 "remove it when you know what it is, or set another agent_spool"};
    return own;
}

}  // namespace detail

/// Makes a folder in `parent` that is its own, so that it never touches what others keep there, and empties it: only
/// what this process has verified is ever handed out. One process at a time. Thread-safe for different names.
class spool {
public:
    /// @throws error  locked, when another process has it; configuration, for a folder that others can change;
    ///                unavailable
    spool(std::string const& parent, std::string const& cluster_name)
        : own_{detail::open_own_folder(parent + "/walmgr-spool-" + cluster_name)},
          folder_{"/proc/self/fd/" + std::to_string(own_.descriptor())} {
        lock_ = open_file(folder_ + "/lock", O_RDWR | O_CREAT);
        if (::flock(lock_.descriptor(), LOCK_EX | LOCK_NB) != 0)
            throw error{fault::locked,
                        "another agent uses the spool " + own_.path() + "; give this one another agent_spool"};
        clear();
    }
    spool(spool const&) = delete;
    spool& operator=(spool const&) = delete;
    ~spool() {
        try {
            clear();
        } catch (error const&) {  // the next one does
            return;
        }
    }

    /// Where a file lies or is to lie.
    [[nodiscard]] std::string operator/(std::string const& name) const { return folder_ + '/' + name; }
    void remove(std::string const& name) const { ::unlink((*this / name).c_str()); }

    /// Moves a file to `place`, and where that is on another disk, copies it and verifies what was copied. False when
    /// it is not what it was: then it is gone. @throws error  unavailable and disk_full
    [[nodiscard]] bool hand_out(std::string const& name, spooled const& as, std::string const& place) const {
        auto const path = *this / name;
        bool done = false;
        if (auto const now = id_of(path); now && *now == as.id)
            done = std::rename(path.c_str(), place.c_str()) == 0 || (errno == EXDEV && copy(path, as, place));
        remove(name);
        return done;
    }

private:
    static bool copy(std::string const& path, spooled const& as, std::string const& place) {
        auto const from = open_file(path);
        if (!from.is_open()) return false;
        std::string block(std::size_t{256} << 10U, '\0');
        unfinished_file out{place};
        sha256 hash;
        for (std::uint64_t at = 0; auto const count = from.read(at, block); at += count) {
            auto const bytes = std::string_view{block}.substr(0, count);
            hash.update(bytes);
            out.write(bytes);
        }
        if (hash.finish() != as.content) return false;
        out.finish();
        return true;
    }
    void clear() const {
        for (auto const& name : posix_store{folder_}.list("")) {
            if (name != "lock") remove(name);
        }
    }

    file own_;
    std::string folder_;  ///< that which was opened, whatever has its name meanwhile
    file lock_{};
};

}  // namespace walmgr
