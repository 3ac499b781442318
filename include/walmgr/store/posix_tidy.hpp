/// What crashes have left in the folders of a store. Not for users.
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/open_folder.hpp>
#include <walmgr/store/temporary_name.hpp>

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr::detail {

/// What processes have left that are known to be gone goes, and with it a folder with nothing in it but unfinished
/// files that nobody has written to for an hour. Whatever speaks against it, another time will do. Unless `all` is
/// wanted a folder with objects is left as it is: it may have many, which are removed one by one.
inline void tidy_folder(std::string const& folder, bool all) {
    std::vector<std::string> left;
    bool others = false;
    {
        open_folder const reading{::opendir(folder.c_str())};
        if (!reading) return;
        while (auto const* const entry = ::readdir(reading.get())) {
            std::string_view const name{entry->d_name};
            if (name == "." || name == "..") continue;
            if (is_temporary_name(name)) left.emplace_back(name);
            else if (all) others = true;
            else return;
        }
    }
    std::erase_if(left, [&](std::string const& name) {
        return is_abandoned(name) && ::unlink((folder + '/' + name).c_str()) == 0;
    });
    if (others) return;
    for (auto const& name : left) {
        struct stat found {};
        auto const path = folder + '/' + name;
        if (::lstat(path.c_str(), &found) != 0 || ::time(nullptr) - found.st_mtime < 3600) return;
        ::unlink(path.c_str());
    }
    ::rmdir(folder.c_str());
}

}  // namespace walmgr::detail
