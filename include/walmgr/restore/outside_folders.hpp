/// Folders outside of the data folder, which symbolic links in it lead to: those of tablespaces, and of the log.
#pragma once

#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/backup/record.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/restore/target_folder.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// One of them.
struct outside_folder {
    std::string link{};  ///< in the data folder: pg_tblspc/OID or pg_wal
    std::string path{};  ///< where it leads to

    friend bool operator==(outside_folder const&, outside_folder const&) = default;
};

/// Where the tablespaces of a backup go: where they were, unless `map` has another place for their OID.
/// @throws error  usage, when `map` names a tablespace that the backup has not, or a path that is not absolute
inline std::vector<outside_folder> tablespace_folders(backup_record const& from,
                                                      std::map<std::uint32_t, std::string> map) {
    std::vector<outside_folder> folders;
    for (auto const& one : from.tablespaces) {
        auto const mapped = map.find(one.oid);
        auto path = mapped == map.end() ? one.path : mapped->second;
        while (path.size() > 1 && path.ends_with('/'))
            path.pop_back();
        folders.push_back({"pg_tblspc/" + std::to_string(one.oid), std::move(path)});
        if (mapped != map.end()) map.erase(mapped);
    }
    if (!map.empty())
        throw error{fault::usage,
                    "backup " + from.label + " has no tablespace with OID " + std::to_string(map.begin()->first)};
    return folders;
}

namespace detail {

/// Where a link leads to; empty for what is no link.
inline std::string link_target(std::string const& path) {
    std::error_code problem;
    auto const found = std::filesystem::read_symlink(path, problem);
    return problem ? std::string{} : found.string();
}

inline bool lies_in(std::string_view inner, std::string_view outer) {
    return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

}  // namespace detail

/// Looks whether these folders may be written to, and changes nothing: each must be empty or missing, unless the data
/// folder is one to be continued or brought up to date and leads there already.
/// @throws error  usage and identity
inline void check_outside_folders(std::vector<outside_folder> const& folders, target_folder const& data) {
    for (auto const& one : folders) {
        auto const what = one.path + " for " + one.link;
        if (!one.path.starts_with('/')) throw error{fault::usage, what + " must begin with a slash"};
        if (detail::lies_in(one.path, data.path()) || detail::lies_in(data.path(), one.path))
            throw error{fault::usage, what + " and the data folder lie within one another"};
        bool const twice = std::count_if(folders.begin(), folders.end(),
                                         [&](auto const& other) { return other.path == one.path; }) > 1;
        if (twice) throw error{fault::usage, what + " is another one's already"};
        if (data.state() != folder_state::fresh && detail::link_target(data / one.link) == one.path) continue;
        if (detail::exists(one.path) && !std::filesystem::is_empty(one.path))
            throw error{
                fault::identity,
                what + " is not empty, and may be a living server's; name another folder for it" +
                    (one.link.starts_with("pg_tblspc/") ? ": --tablespace " + one.link.substr(10) + "=DIR" : "")};
    }
}

/// Creates the folders that are missing, but not their parents, and the links to them.
/// @throws error  from the system
inline void link_outside_folders(std::vector<outside_folder> const& folders, target_folder const& data) {
    for (auto const& one : folders) {
        if (::mkdir(one.path.c_str(), 0700) != 0 && errno != EEXIST) refuse("cannot create " + one.path);
        if (::mkdir((data / "pg_tblspc").c_str(), 0700) != 0 && errno != EEXIST)
            refuse("cannot create " + data / "pg_tblspc");
        auto const link = data / one.link;
        if (detail::link_target(link) == one.path) continue;
        if (::unlink(link.c_str()) != 0 && errno != ENOENT && ::rmdir(link.c_str()) != 0)
            refuse("cannot replace " + link + " by a link");
        if (::symlink(one.path.c_str(), link.c_str()) != 0) refuse("cannot create the link " + link);
    }
}

/// The text of tablespace_map, by which a server makes the links anew when recovery begins.
/// Source: do_pg_backup_start in xlog.c.
inline std::string tablespace_map(std::vector<outside_folder> const& folders) {
    std::string text;
    for (auto const& one : folders) {
        if (!one.link.starts_with("pg_tblspc/")) continue;
        text.append(one.link.substr(10)).append(" ");
        for (char const c : one.path) {
            if (c == '\n' || c == '\r' || c == '\\') text += '\\';
            text += c;
        }
        text += '\n';
    }
    return text;
}

}  // namespace walmgr
