/// The names in a folder, as the system gives them.
#pragma once

#include <dirent.h>
#include <walmgr/file.hpp>
#include <walmgr/open_folder.hpp>

#include <cerrno>
#include <set>
#include <string>
#include <string_view>

namespace walmgr {

/// Calls `each(name)` for all names in a folder, in no order. False where there is no such folder.
/// @throws error  unavailable; what `each` throws
bool visit_names(std::string const& path, auto&& each) {
    detail::open_folder const reading{::opendir(path.c_str())};
    if (!reading && errno == ENOENT) return false;
    if (!reading) refuse("cannot list " + path);
    for (errno = 0; auto const* const entry = ::readdir(reading.get()); errno = 0)
        each(std::string_view{entry->d_name});
    if (errno != 0) refuse("cannot list " + path);
    return true;
}

/// All but `.` and `..`, sorted; none where there is no such folder. @throws error  unavailable
inline std::set<std::string> names_in(std::string const& path) {
    std::set<std::string> names;
    visit_names(path, [&](std::string_view name) {
        if (name != "." && name != "..") names.emplace(name);
    });
    return names;
}

}  // namespace walmgr
