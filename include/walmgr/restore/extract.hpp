/// Writing the files of a backup, several parts at once, each compared with the server's own manifest while it is
/// written.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/backup/counted_members.hpp>
#include <walmgr/backup/part_name.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/executor.hpp>
#include <walmgr/file.hpp>
#include <walmgr/in_parallel.hpp>
#include <walmgr/object.hpp>
#include <walmgr/restore/target_folder.hpp>
#include <walmgr/tar_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// What became of the files.
struct extraction {
    std::uint64_t written = 0;        ///< files
    std::uint64_t written_bytes = 0;  ///< in them
    std::uint64_t kept = 0;           ///< files that were right already

    extraction& operator+=(extraction const& more) {
        written += more.written;
        written_bytes += more.written_bytes;
        kept += more.kept;
        return *this;
    }
};

namespace detail {

/// Files of the manifest that are there already with the right length and digest.
std::set<std::string> files_that_fit(target_folder const& data, backup_manifest const& manifest,
                                     executor auto const& on) {
    std::set<std::string> fitting;
    std::mutex guard;
    std::vector<std::string> paths;
    for (auto const& [path, file] : manifest.files) {
        if (path != control_file && !file.sha256.empty()) paths.push_back(path);
    }
    in_parallel(paths.size(), on, [&](std::size_t number) {
        auto const& wanted = manifest.files.at(paths[number]);
        auto const path = data / paths[number];
        struct stat found {};
        if (::lstat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode) ||
            static_cast<std::uint64_t>(found.st_size) != wanted.size)
            return;
        auto const in = open_file(path, O_RDONLY | O_NOFOLLOW);
        if (!in.is_open()) return;
        sha256 hash;
        std::string block(std::size_t{256} << 10U, '\0');
        for (std::uint64_t at = 0; at < wanted.size;) {
            auto const got = in.read(at, block);
            if (got == 0) return;
            hash.update(std::string_view{block}.substr(0, got));
            at += got;
        }
        if (hex_of(hash.finish()) != wanted.sha256) return;
        std::lock_guard const lock{guard};
        fitting.insert(paths[number]);
    });
    return fitting;
}

/// Writes the members of one part.
class part_writer {
public:
    part_writer(target_folder const& data, backup_manifest const& manifest, std::set<std::string> const& fitting,
                std::string prefix)
        : data_{data}, manifest_{manifest}, fitting_{fitting}, prefix_{std::move(prefix)} {}

    void begin(tar_entry const& entry) {
        auto const inner = prefix_ + entry.name;
        if (entry.kind == tar_kind::folder) return make_folder(inner, entry.mode);
        if (entry.kind == tar_kind::symlink) {
            // Those of tablespaces were made before, perhaps to other places.
            if (!inner.starts_with("pg_tblspc/") && inner != "pg_wal") bad_tar(inner + " is a symbolic link");
            return;
        }
        auto const known = manifest_.files.find(inner);
        if (known == manifest_.files.end()) bad_tar(inner + " is not in the backup's manifest");
        if (entry.size != known->second.size) bad_tar(inner + " has not the length that the manifest says");
        done_.push_back(inner);
        wanted_ = &known->second;
        auto const path = data_ / (inner == control_file ? std::string{control_unfinished} : inner);
        if (fitting_.contains(inner)) {
            ::chmod(path.c_str(), entry.mode);
            return;
        }
        make_parents(inner);
        remove_file(path);  // never written over: it may be one file with another's, by a hard link
        out_ = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
        if (!out_.is_open()) refuse("cannot create " + path, ENOENT);
        if (::fchmod(out_.descriptor(), entry.mode) != 0) refuse("cannot set the permissions of " + path);
        hash_.emplace();
        ++told_.written;
        told_.written_bytes += entry.size;
    }
    void data(std::string_view bytes) {
        if (!out_.is_open()) return;
        out_.write(bytes);
        hash_->update(bytes);
    }
    void end() {
        if (!out_.is_open()) {
            ++told_.kept;
            return;
        }
        auto const path = out_.path();
        out_.close();
        if (!wanted_->sha256.empty() && hex_of(hash_->finish()) != wanted_->sha256)
            bad_tar(path + " has not the digest that the manifest says");
    }

    /// Paths of files that were in the part.
    [[nodiscard]] std::vector<std::string>& done() { return done_; }
    [[nodiscard]] extraction& told() { return told_; }

private:
    void make_folder(std::string const& inner, unsigned mode) {
        make_parents(inner);
        auto const path = data_ / inner;
        if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) refuse("cannot create " + path);
        if (::chmod(path.c_str(), mode) != 0) refuse("cannot set the permissions of " + path);
    }
    /// A part may come before the one that has the folder itself.
    void make_parents(std::string const& inner) {
        auto const last = inner.rfind('/');
        if (last == inner.npos || inner.substr(0, last) == parent_) return;
        parent_ = inner.substr(0, last);
        for (auto end = inner.find('/'); end != inner.npos; end = inner.find('/', end + 1)) {
            auto const path = data_ / inner.substr(0, end);
            if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) refuse("cannot create " + path);
        }
    }

    target_folder const& data_;
    backup_manifest const& manifest_;
    std::set<std::string> const& fitting_;
    std::string prefix_;
    std::string parent_{};
    manifest_file const* wanted_ = nullptr;
    file out_{};
    std::optional<sha256> hash_{};
    std::vector<std::string> done_{};
    extraction told_{};
};

/// Reads all parts of a backup, several at once as `on` has threads, each into what `writer(prefix)` makes, and makes
/// sure that they hold all that the manifest names, but for those that are `there` already.
extraction write_parts(auto const& open, cluster const& of, backup_record const& from, backup_manifest const& manifest,
                       executor auto const& on, auto const& writer,
                       std::map<std::string, manifest_file> const& there = {}) {
    extraction all;
    std::set<std::string> done;
    std::mutex guard;
    in_parallel(from.parts.size(), on, open, [&](std::size_t number, store auto const& where) {
        auto const& part = from.parts[number];
        auto const object = backup_folder(of, from.label) + '/' + part.object;
        auto const in = where.open(object);
        if (!in) throw error{fault::corrupt, object + " is missing in the repository"};
        auto out = writer(prefix_of_part(part.object));
        counted_members counted{part, out};
        tar_reader tar;
        auto const label = unpack_object(*in, object, [&](std::string_view raw) { tar.write(raw, counted); });
        tar.finish();
        if (hex_of(label.raw_digest) != part.sha256)
            throw error{fault::corrupt, object + " is not the part that the backup's record names"};
        std::lock_guard const lock{guard};
        done.insert(out.done().begin(), out.done().end());
        all += out.told();
    });
    for (auto const& [path, file] : manifest.files) {
        if (!done.contains(path) && !there.contains(path))
            throw error{fault::corrupt,
                        "no part of backup " + from.label + " has " + path + ", which its manifest names"};
    }
    return all;
}

}  // namespace detail

/// Writes all files of a backup into the folder, several parts at once as `on` has threads; what fits already is kept.
/// pg_control gets a name under which no server finds it. Nothing is durable yet. `open()` gives a store for each
/// thread.
/// @throws error  corrupt, when a part is damaged, or what is in the parts is not what the manifest says; disk_full
extraction extract_backup(auto const& open, cluster const& of, backup_record const& from,
                          backup_manifest const& manifest, target_folder const& data, executor auto const& on) {
    std::set<std::string> fitting;
    if (data.state() != folder_state::fresh) fitting = detail::files_that_fit(data, manifest, on);
    return detail::write_parts(open, of, from, manifest, on, [&](std::string prefix) {
        return detail::part_writer{data, manifest, fitting, std::move(prefix)};
    });
}

}  // namespace walmgr
