/// Giving back the configuration files that a server had outside of its data folder: below a folder, or where they
/// were, and never in the place of others.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/backup/config_files.hpp>
#include <walmgr/config_places.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/recovery_target.hpp>
#include <walmgr/text_file.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Where a file of that path comes to lie below a folder; `/` is where it was.
inline std::string below_folder(std::string const& folder, std::string const& path) {
    return folder == "/" ? path : folder + path;
}

namespace detail {

/// Whether a file is there with just these bytes. @throws error  duplicate, when it is there with others
inline bool has_config_file(std::string const& path, config_file const& wanted) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return false;
        refuse("cannot look at " + path);
    }
    auto const text = S_ISREG(found.st_mode) ? read_text_file(path) : std::nullopt;
    if (text && *text == wanted.bytes) return true;
    throw error{fault::duplicate, path + " is there already, and is not what the backup has: move it away, or name "
                                         "another folder by --config"};
}

/// Makes a folder and those above it that are missing, durably. @throws error  unavailable, disk_full
inline void make_folders(std::string const& path) {
    if (::access(path.c_str(), F_OK) == 0) return;
    auto const parent = std::filesystem::path{path}.parent_path().string();
    if (parent.size() < path.size()) make_folders(parent);
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) refuse("cannot create " + path);
    sync_folder(parent);
}

inline std::string included_path(config_file const& by, config_include const& named) {
    return (std::filesystem::path{by.path}.parent_path() / named.path).lexically_normal().string();
}

}  // namespace detail

/// Refuses a folder where other files lie in the places of these. @throws error  duplicate, unavailable
inline void check_config_folder(std::vector<config_file> const& files, std::string const& folder) {
    for (auto const& one : files)
        detail::has_config_file(below_folder(folder, one.path), one);
}

/// Writes the files, with their modes, below a folder; those that are there already stay. All is durable then.
/// @return how many were written @throws error  duplicate, unavailable, disk_full
inline std::size_t write_config_files(std::vector<config_file> const& files, std::string const& folder) {
    std::size_t written = 0;
    for (auto const& one : files) {
        auto const path = below_folder(folder, one.path);
        if (detail::has_config_file(path, one)) continue;
        auto const parent = std::filesystem::path{path}.parent_path().string();
        detail::make_folders(parent);
        auto const beside = path + '.' + unique_word() + ".walmgr.tmp";
        auto out = open_file(beside, O_WRONLY | O_CREAT | O_EXCL);
        if (!out.is_open()) refuse("cannot create " + beside, ENOENT);
        out.write(one.bytes);
        if (::fchmod(out.descriptor(), one.mode) != 0) refuse("cannot set the permissions of " + beside);
        out.sync();
        out.close();
        // Whoever made that file meanwhile keeps it.
        bool const placed = ::link(beside.c_str(), path.c_str()) == 0;
        int const why = errno;
        ::unlink(beside.c_str());
        if (!placed) refuse("cannot create " + path, why);
        sync_folder(parent);
        ++written;
    }
    // A folder that is included must be there, and may be empty, as conf.d of Debian is at first.
    for (auto const& one : files)
        for (auto const& named : config_includes(one.bytes, config_kind::settings))
            if (named.is_folder) detail::make_folders(below_folder(folder, detail::included_path(one, named)));
    return written;
}

namespace detail {

inline bool has_path(std::vector<config_file> const& files, std::string const& path) {
    return std::any_of(files.begin(), files.end(), [&](config_file const& one) { return one.path == path; });
}

/// The settings that end or misguide a recovery, and what undoes each; the rest is said in postgresql.auto.conf anyway.
inline constexpr std::array guides{std::pair{std::string_view{"recovery_target"}, std::string_view{}},
                                   std::pair{std::string_view{"recovery_target_time"}, std::string_view{}},
                                   std::pair{std::string_view{"recovery_target_lsn"}, std::string_view{}},
                                   std::pair{std::string_view{"recovery_target_xid"}, std::string_view{}},
                                   std::pair{std::string_view{"recovery_target_name"}, std::string_view{}},
                                   std::pair{std::string_view{"recovery_end_command"}, std::string_view{}},
                                   std::pair{std::string_view{"archive_cleanup_command"}, std::string_view{}},
                                   std::pair{std::string_view{"promote_trigger_file"}, std::string_view{}},
                                   std::pair{std::string_view{"recovery_min_apply_delay"}, std::string_view{"0"}}};

/// The setting that says a target of that kind; empty for none.
inline std::string_view target_setting(target_kind kind) {
    switch (kind) {
    case target_kind::latest:
        return {};
    case target_kind::immediate:
        return "recovery_target";
    case target_kind::time:
        return "recovery_target_time";
    case target_kind::position:
        return "recovery_target_lsn";
    case target_kind::transaction:
        return "recovery_target_xid";
    case target_kind::name:
        return "recovery_target_name";
    }
    return {};
}

inline bool sets(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        if (setting_of(text.substr(0, end)) == name) return true;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
}

}  // namespace detail

/// For the command line of a server with these files: what keeps settings of an earlier recovery in them from ending or
/// misguiding this one. A setting on the command line counts instead of all files.
inline std::vector<std::string> without_guides(std::vector<config_file> const& files, target_kind wanted) {
    std::vector<std::string> settings;
    for (auto const& [name, nothing] : detail::guides) {
        bool const is_set = std::any_of(files.begin(), files.end(), [&, key = name](config_file const& one) {
            return detail::sets(one.bytes, key);
        });
        if (is_set && name != detail::target_setting(wanted))
            settings.push_back(std::string{name}.append("=").append(nothing));
    }
    return settings;
}

/// The settings by which a server on the data folder `data` is started with the files that lie below `folder`. What
/// the backup has in the data folder is there. A copy does not write the pid file of the server that it is a copy of.
inline std::vector<std::string> config_settings(std::vector<config_file> const& files, config_places const& was,
                                                std::string const& folder, std::string const& data) {
    auto const now = [&](std::string const& path) {
        bool const inside = path.starts_with(was.data + '/') && !detail::has_path(files, path);
        return inside ? data + path.substr(was.data.size()) : below_folder(folder, path);
    };
    std::vector<std::string> settings{"config_file=" + now(was.config), "data_directory=" + data,
                                      "hba_file=" + now(was.hba), "ident_file=" + now(was.ident)};
    if (folder != "/") settings.emplace_back("external_pid_file=");
    return settings;
}

/// What the files include and a server that is started by them, below a folder, does not read there: what is named by a
/// whole path, or lies in the data folder. A line for each.
inline std::vector<std::string> other_includes(std::vector<config_file> const& files, config_places const& was) {
    std::vector<std::string> found;
    for (auto const& one : files) {
        bool const access = one.path == was.hba || one.path == was.ident;
        for (auto const& named : config_includes(one.bytes, access ? config_kind::access : config_kind::settings)) {
            auto const path = detail::included_path(one, named);
            if (named.path.starts_with('/'))
                found.push_back(one.path + " includes " + path + " by its whole path, where it is read");
            else if (path.starts_with(was.data + '/') && !detail::has_path(files, path))
                found.push_back(one.path + " includes " + path + ", which is in the data folder");
        }
    }
    return found;
}

}  // namespace walmgr
