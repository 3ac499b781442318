/// Folders of a store in which nothing is left but what crashes have left. Not for users.
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/store/temporary_name.hpp>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr::detail {

struct close_folder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

/// A folder with nothing in it but unfinished files that nobody has written to for an hour goes. Whatever speaks
/// against it, another time will do.
inline void tidy_folder(std::string const& folder) {
    std::vector<std::string> left;
    {
        std::unique_ptr<DIR, close_folder> const reading{::opendir(folder.c_str())};
        if (!reading) return;
        while (auto const* const entry = ::readdir(reading.get())) {
            std::string_view const name{entry->d_name};
            if (name == "." || name == "..") continue;
            if (!is_temporary_name(name)) return;
            left.emplace_back(name);
        }
    }
    for (auto const& name : left) {
        struct stat found {};
        auto const path = folder + '/' + name;
        if (::lstat(path.c_str(), &found) != 0 || ::time(nullptr) - found.st_mtime < 3600) return;
        ::unlink(path.c_str());
    }
    ::rmdir(folder.c_str());
}

}  // namespace walmgr::detail
