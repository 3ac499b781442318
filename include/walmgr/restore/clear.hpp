/// Clearing a data folder of what the backup does not have, before the backup is laid over it.
#pragma once

#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/error.hpp>
#include <walmgr/restore/outside_folders.hpp>
#include <walmgr/restore/target_folder.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {
namespace detail {

/// Files that a server or a recovery leaves at the top of a data folder. What else lies there is the user's, and stays.
inline bool is_left_by_server(std::string_view name) {
    constexpr std::array<std::string_view, 13> names{
        "postmaster.pid",     "postmaster.opts",  "backup_label",   "backup_label.old", "tablespace_map",
        "tablespace_map.old", "recovery.signal",  "standby.signal", "recovery.conf",    "recovery.done",
        "backup_manifest",    "current_logfiles", "promote"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

class folder_clearing {
public:
    folder_clearing(target_folder const& data, backup_manifest const& manifest,
                    std::vector<outside_folder> const& outside)
        : data_{data}, manifest_{manifest}, outside_{outside} {}

    void run(auto&& keeps_log) {
        for (auto const& entry : entries("")) {
            auto const name = entry.path().filename().string();
            bool const servers = name == "base" || name == "global" || name.starts_with("pg_");
            if (name == "pg_wal") clear_log(keeps_log);
            else if (name == "pg_tblspc") clear_links();
            else if (servers && entry.is_directory() && !entry.is_symlink()) clear(name);
            else if (is_left_by_server(name) && !manifest_.files.contains(name)) remove_file(data_ / name);
        }
    }

private:
    [[nodiscard]] std::vector<std::filesystem::directory_entry> entries(std::string const& inner) const {
        std::vector<std::filesystem::directory_entry> found;
        for (auto const& entry : std::filesystem::directory_iterator{inner.empty() ? data_.path() : data_ / inner})
            found.push_back(entry);
        return found;
    }

    /// Everything below a folder that the backup does not have, and folders that get empty by that.
    void clear(std::string const& inner) {
        for (auto const& entry : entries(inner)) {
            auto const name = inner + '/' + entry.path().filename().string();
            if (entry.is_symlink())
                throw error{fault::identity, data_ / name + " is a symbolic link, of which nobody knows whose files it "
                                                            "leads to; restore to an empty folder"};
            if (entry.is_directory()) {
                clear(name);
                ::rmdir((data_ / name).c_str());  // refuses what is not empty
            } else if (!manifest_.files.contains(name) && name != control_before) {
                remove_file(data_ / name);
            }
        }
    }

    /// Tablespaces: of those that the backup has, what the backup does not have; of others, only the link.
    void clear_links() {
        for (auto const& entry : entries("pg_tblspc")) {
            auto const name = "pg_tblspc/" + entry.path().filename().string();
            bool const ours = std::any_of(outside_.begin(), outside_.end(),
                                          [&](outside_folder const& one) { return one.link == name; });
            if (!entry.is_symlink()) clear(name);
            else if (!ours) remove_file(data_ / name);
            else clear_tablespace(name + '/');
        }
    }

    /// Its files are in PG_15_202209061 or the like, beside which other versions' servers may have theirs.
    void clear_tablespace(std::string const& inner) {
        auto const first = manifest_.files.lower_bound(inner);
        if (first == manifest_.files.end() || !first->first.starts_with(inner)) return;
        auto const version = first->first.substr(0, first->first.find('/', inner.size()));
        if (exists(data_ / version)) clear(version);
    }

    /// Old log would be replayed where the archive's is meant. What the archive has not is the only copy, and is put
    /// aside.
    void clear_log(auto&& keeps_log) {
        for (auto const& entry : entries("pg_wal")) {
            auto const name = entry.path().filename().string();
            if (entry.is_directory()) {
                if (name != kept_log) std::filesystem::remove_all(entry.path());
            } else if (!keeps_log(name, data_ / "pg_wal" + '/' + name)) {
                remove_file(data_ / "pg_wal" + '/' + name);
            } else {
                auto const aside = data_ / "pg_wal" + '/' + std::string{kept_log};
                if (::mkdir(aside.c_str(), 0700) != 0 && errno != EEXIST) refuse("cannot create " + aside);
                if (std::rename((data_ / "pg_wal" + '/' + name).c_str(), (aside + '/' + name).c_str()) != 0)
                    refuse("cannot put " + name + " aside");
            }
        }
    }

    static constexpr std::string_view kept_log = "walmgr.kept";

    target_folder const& data_;
    backup_manifest const& manifest_;
    std::vector<outside_folder> const& outside_;
};

}  // namespace detail

/// Removes what the backup does not have and a server would read: files of relations, settings of an older recovery,
/// slots, log. `keeps_log(name, path)` is asked for each file of pg_wal; those that it is true for are moved to
/// pg_wal/walmgr.kept, where no server looks. @throws error  identity, for symbolic links where servers have none
void clear_folder(target_folder const& data, backup_manifest const& manifest,
                  std::vector<outside_folder> const& outside, auto&& keeps_log) {
    try {
        detail::folder_clearing{data, manifest, outside}.run(keeps_log);
    } catch (std::filesystem::filesystem_error const& problem) { throw error{fault::unavailable, problem.what()}; }
}

}  // namespace walmgr
