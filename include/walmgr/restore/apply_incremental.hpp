/// Bringing files that were restored from one backup forward to the next, incremental one, in their place. Whatever
/// ends it, the restore is not whole, and the next one begins again with the full backup.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/backup/chain.hpp>
#include <walmgr/backup/unchanged.hpp>
#include <walmgr/restore/changed_blocks.hpp>
#include <walmgr/restore/extract.hpp>

#include <algorithm>
#include <cerrno>
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
namespace detail {

/// Writes the members of one part of an incremental backup.
class change_writer {
public:
    change_writer(target_folder const& data, backup_manifest const& manifest, std::string prefix)
        : data_{data}, manifest_{manifest}, prefix_{prefix}, whole_{data, manifest, none_, std::move(prefix)} {}

    void begin(tar_entry const& entry) {
        auto const inner = prefix_ + entry.name;
        auto const changed = entry.kind == tar_kind::file ? changed_file(inner) : std::nullopt;
        changes_.reset();
        if (!changed) return whole_.begin(entry);
        auto const known = manifest_.files.find(inner);
        if (known == manifest_.files.end()) bad_tar(inner + " is not in the backup's manifest");
        if (entry.size != known->second.size) bad_tar(inner + " has not the length that the manifest says");
        changes_.emplace(data_ / *changed, entry.size);
        hash_ = {};
        wanted_ = &known->second;
        mode_ = entry.mode;
        whole_.done().push_back(inner);
        ++whole_.told().written;
        whole_.told().written_bytes += entry.size;
    }
    void data(std::string_view bytes) {
        if (!changes_) return whole_.data(bytes);
        changes_->write(bytes);
        hash_.update(bytes);
    }
    void end() {
        if (!changes_) return whole_.end();
        changes_->finish(mode_);
        if (!wanted_->sha256.empty() && hex_of(hash_.finish()) != wanted_->sha256)
            bad_tar(whole_.done().back() + " has not the digest that the manifest says");
    }

    [[nodiscard]] std::vector<std::string> const& done() { return whole_.done(); }
    [[nodiscard]] extraction const& told() { return whole_.told(); }

private:
    target_folder const& data_;
    backup_manifest const& manifest_;
    std::string prefix_;
    std::set<std::string> none_{};
    part_writer whole_;
    std::optional<changed_blocks> changes_{};
    manifest_file const* wanted_ = nullptr;
    sha256 hash_{};
    unsigned mode_ = 0;
};

/// Removes a file, and the folders that get empty by that, up to the first of the path.
inline void remove_with_folders(target_folder const& data, std::string path) {
    remove_file(data / path);
    for (auto slash = path.rfind('/'); slash != path.npos && path.find('/') != slash; slash = path.rfind('/')) {
        path.resize(slash);
        if (::rmdir((data / path).c_str()) != 0) return;
    }
}

/// The text of backup_label without what says that the files around it are changes only, which a server refuses.
/// @throws error  corrupt, when they are not changes since that parent
inline std::string label_of_whole(std::string_view text, backup_record const& parent) {
    std::string out;
    std::string since;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with("INCREMENTAL FROM ")) since.append(line).append("\n");
        else out.append(line).append("\n");
    }
    auto const wanted = "INCREMENTAL FROM LSN: " + to_string(parent.start) +
                        "\nINCREMENTAL FROM TLI: " + std::to_string(static_cast<std::uint32_t>(parent.tli)) + '\n';
    if (since != wanted)
        throw error{fault::corrupt, "what was to build on backup " + parent.label + " holds changes since another one"};
    return out;
}

inline void make_label_whole(target_folder const& data, backup_record const& parent) {
    auto const path = data / "backup_label";
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) refuse("cannot look at " + path);
    auto const text = label_of_whole(small_file(path), parent);
    remove_file(path);
    auto out = open_file(path, O_WRONLY | O_CREAT | O_EXCL, found.st_mode & 0777U);
    if (!out.is_open()) refuse("cannot create " + path, ENOENT);
    out.write(text);
    out.close();
}

}  // namespace detail

/// Applies a backup to a folder that has the files of its parent, whose manifest is `before`, several parts at once as
/// `on` has threads. As extract_backup() does, compares all with the manifest, and makes nothing durable.
/// @throws error  corrupt; disk_full
extraction apply_incremental(auto const& open, cluster const& of, backup_record const& parent,
                             backup_manifest const& before, backup_record const& from, backup_manifest const& manifest,
                             target_folder const& data, executor auto const& on) {
    auto const old = whole_files(before);
    auto const now = whole_files(manifest);
    for (auto const& path : old) {
        if (path != detail::control_file && !std::binary_search(now.begin(), now.end(), path))
            detail::remove_with_folders(data, path);
    }
    auto const same = from.whole_files ? unchanged_files(before, manifest) : std::map<std::string, manifest_file>{};
    auto const writer = [&](std::string prefix) { return detail::change_writer{data, manifest, std::move(prefix)}; };
    auto const told = detail::write_parts(open, of, from, manifest, on, writer, same);
    if (!from.whole_files) detail::make_label_whole(data, parent);
    return told;
}

}  // namespace walmgr
