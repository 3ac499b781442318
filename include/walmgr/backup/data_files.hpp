/// What there is to be read of a data folder and its tablespaces for a backup.
#pragma once

#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/backup/left_out.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/tar_reader.hpp>
#include <walmgr/tar_writer.hpp>
#include <walmgr/visit_names.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// A file that was there when the folder was looked through. It can be gone when it is read, or have another length.
struct data_file {
    std::size_t archive = 0;                 ///< which of data_files::archives it belongs to
    std::string name{};                      ///< within that
    std::uint64_t size = 0;                  ///< then
    std::optional<std::uint32_t> segment{};  ///< for one that holds pages of a relation: which part of it
};

/// A folder as a member of a tar file.
struct data_subfolder {
    tar_entry entry{};
    tar_origin from{};
};

/// The data folder, or a tablespace.
struct data_archive {
    std::string name{};    ///< `main`, or the number of a tablespace
    std::string path{};    ///< where it is, with a slash at the end
    std::string prefix{};  ///< in front of names in a manifest
    std::vector<data_subfolder> folders{};
};

/// All of them. pg_control is not among the files: it has to be read last.
struct data_files {
    std::vector<data_archive> archives{};  ///< the data folder first
    std::vector<data_file> files{};
    std::vector<backup_tablespace> tablespaces{};
    std::vector<std::string> skipped{};  ///< paths of what is neither a file nor a folder, as the server skips it too
};

namespace detail {

/// Of what a file system knows of a file.
inline tar_origin origin_of(struct stat const& found) {
    return {found.st_uid, found.st_gid, found.st_mtime < 0 ? 0 : static_cast<std::uint64_t>(found.st_mtime)};
}

/// Walks through a data folder.
class folder_walk {
public:
    folder_walk(std::string const& data, std::string tablespace_folder, int version)
        : version_{version}, tablespace_folder_{std::move(tablespace_folder)} {
        found_.archives.push_back({.name = "main", .path = data + '/', .prefix = {}, .folders = {}});
    }

    data_files run() && {
        find_tablespaces();
        walk(0, "");
        for (std::size_t i = 1; i < found_.archives.size(); ++i)
            take(i, "", tablespace_folder_);
        return std::move(found_);
    }

private:
    [[nodiscard]] std::string const& top() const { return found_.archives.front().path; }

    void find_tablespaces() {
        for (auto const& name : names_in(top() + "pg_tblspc")) {
            std::uint32_t oid = 0;
            auto const [end, problem] = std::from_chars(name.data(), name.data() + name.size(), oid);
            if (problem != std::errc{} || end != name.data() + name.size()) continue;
            auto const link = top() + "pg_tblspc/" + name;
            std::array<char, 4096> target{};
            auto const length = ::readlink(link.c_str(), target.data(), target.size());
            if (length < 0 && errno == ENOENT) continue;
            if (length < 0)
                throw error{fault::configuration,
                            "the tablespace " + link +
                                " is a folder and no symbolic link; a server "
                                "has such only for tests: take the backup by backup_source = stream"};
            struct stat place {};
            if (::stat(link.c_str(), &place) == 0) places_.emplace(place.st_dev, place.st_ino);
            found_.tablespaces.push_back({oid, {target.data(), static_cast<std::size_t>(length)}});
            found_.archives.push_back(
                {.name = name, .path = link + '/', .prefix = "pg_tblspc/" + name + '/', .folders = {}});
        }
    }

    void add_folder(std::size_t archive, std::string const& inner, struct stat const& at) {
        found_.archives[archive].folders.push_back(
            {{.kind = tar_kind::folder, .name = inner, .link = {}, .size = 0, .mode = at.st_mode & 0777U},
             origin_of(at)});
    }

    /// Something of a folder, whose name within the archive is `folder`, with a slash at the end unless it is empty.
    void take(std::size_t archive, std::string const& folder, std::string const& name) {
        auto const inner = folder + name;
        auto const path = found_.archives[archive].path + inner;
        struct stat at {};
        if (::lstat(path.c_str(), &at) != 0) {
            if (errno == ENOENT) return;
            refuse("cannot look at " + path);
        }
        bool const emptied = archive == 0 && is_emptied(inner);
        if (emptied && S_ISLNK(at.st_mode) && ::stat(path.c_str(), &at) != 0) refuse("cannot look at " + path);
        if (S_ISDIR(at.st_mode)) {
            add_folder(archive, inner, at);
            if (emptied) return add_made_by_server(inner, at);
            // A tablespace that lies within the data folder is read as what it is; the links are in tablespace_map.
            if (inner == "pg_tblspc" || places_.contains({at.st_dev, at.st_ino})) return;
            return walk(archive, inner + '/');
        }
        if (!S_ISREG(at.st_mode)) return found_.skipped.push_back(path);
        if (archive == 0 && inner == "global/pg_control") return;
        data_file file{archive, inner, static_cast<std::uint64_t>(at.st_size), std::nullopt};
        auto const relation = parse_relation_file(name);
        if (relation && (is_database(archive, folder) || (archive == 0 && folder == "global/")))
            file.segment = relation->segment;
        found_.files.push_back(std::move(file));
    }

    void add_made_by_server(std::string const& inner, struct stat const& at) {
        constexpr int first_with_summaries = 17;
        if (inner != "pg_wal") return;
        add_folder(0, "pg_wal/archive_status", at);
        if (version_ >= first_with_summaries) add_folder(0, "pg_wal/summaries", at);
    }

    void walk(std::size_t archive, std::string const& folder) {
        auto const names = names_in(found_.archives[archive].path + folder);
        bool const database = is_database(archive, folder);
        for (auto const& name : names) {
            if (is_left_out(name)) continue;
            if (auto const relation = database ? parse_relation_file(name) : std::nullopt) {
                // What is not logged begins anew as its init fork says.
                bool const reset = relation->fork != "init" && names.contains(std::string{relation->number} + "_init");
                if (reset || relation->temporary) continue;
            }
            take(archive, folder, name);
        }
    }

    /// `base/5/`, or `PG_15_202209061/5/` in a tablespace.
    [[nodiscard]] bool is_database(std::size_t archive, std::string_view folder) const {
        auto const parent = archive == 0 ? std::string_view{"base"} : std::string_view{tablespace_folder_};
        if (!folder.starts_with(parent)) return false;
        folder.remove_prefix(parent.size());
        if (folder.size() < 3 || folder.front() != '/') return false;
        return folder.find_first_not_of("0123456789", 1) == folder.size() - 1;
    }

    int version_;
    std::string tablespace_folder_;
    data_files found_{};
    std::set<std::pair<::dev_t, ::ino_t>> places_{};  ///< of tablespaces
};

}  // namespace detail

/// Looks through a data folder, a path without a slash at the end. `tablespace_folder` is what a server of its version
/// has within a tablespace, as `PG_15_202209061`.
/// @throws error  unavailable, for what may not be read; configuration, for a tablespace without a place of its own
inline data_files find_data_files(std::string const& data, std::string const& tablespace_folder, int version) {
    return detail::folder_walk{data, tablespace_folder, version}.run();
}

}  // namespace walmgr
