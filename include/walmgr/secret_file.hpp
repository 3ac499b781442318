/// Files with secrets in them.
#pragma once

#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <string>

namespace walmgr {

/// Opens a file that must be for nobody but its owner, who is us or root; one of root's may be readable for its group.
/// @throws error  configuration, when there is none, or others may read it; unavailable
inline file open_secret_file(std::string const& path) {
    auto from = open_file(path);
    if (!from.is_open()) throw error{fault::configuration, "there is no file with keys " + path};
    struct stat found {};
    if (::fstat(from.descriptor(), &found) != 0) refuse("cannot look at " + path);
    if (!S_ISREG(found.st_mode)) throw error{fault::configuration, path + " is no file with keys"};
    if (found.st_uid != 0 && found.st_uid != ::geteuid())
        throw error{fault::configuration, path + " holds keys and belongs to somebody else than us and root"};
    // What belongs to root can only be ours to read through a group.
    ::mode_t const others = found.st_uid == 0 && ::geteuid() != 0 ? 0027 : 0077;
    if ((found.st_mode & others) != 0)
        throw error{fault::configuration, path + " holds keys and others may read it; run: chmod go= " + path};
    return from;
}

}  // namespace walmgr
