/// What earlier attempts at a backup have stored, and the next one need not store again.
///
/// That a part is from an earlier attempt is no danger: its files count only where they have the bytes, by their
/// digest, that the next attempt reads in the server's folder. What has changed is stored anew, and its old form named
/// as superseded in the backup's record.
#pragma once

#include <walmgr/backup/list.hpp>
#include <walmgr/backup/part_contents.hpp>
#include <walmgr/backup/part_name.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// An unfinished backup to go on with.
class begun_backup {
public:
    begun_backup(std::string label, std::vector<part_contents> parts)
        : label_{std::move(label)}, parts_{std::move(parts)} {
        auto const number = [](part_contents const& one) { return parse_part_name(one.part.object)->number; };
        std::stable_sort(parts_.begin(), parts_.end(),
                         [&](auto const& a, auto const& b) { return number(a) < number(b); });
        for (std::size_t i = 0; i < parts_.size(); ++i)
            for (auto const& [name, file] : parts_[i].files)
                files_.insert_or_assign(prefix_of_part(parts_[i].part.object) + name, stored{i, &file});
    }
    begun_backup(begun_backup&&) = default;
    begun_backup& operator=(begun_backup&&) = default;

    /// The label of the backup.
    [[nodiscard]] std::string const& label() const noexcept { return label_; }
    /// Those that can be used, of each archive by number.
    [[nodiscard]] std::vector<part_contents> const& parts() const noexcept { return parts_; }

    /// A file as it was stored last, by its path below the data folder; null when it was not.
    [[nodiscard]] manifest_file const* find(std::string const& path) const {
        auto const found = files_.find(path);
        return found == files_.end() ? nullptr : found->second.file;
    }
    /// The number of the next part of an archive.
    [[nodiscard]] unsigned next_number(std::string const& archive) const {
        unsigned next = 0;
        for (auto const& one : parts_) {
            auto const name = *parse_part_name(one.part.object);
            if (name.archive == archive) next = std::max(next, name.number + 1);
        }
        return next;
    }
    /// The parts that have something of the backup, when `counted` are the paths of files that need not be stored
    /// again.
    [[nodiscard]] std::vector<backup_part> parts_with(std::set<std::string> const& counted) const {
        std::vector<backup_part> all;
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            auto const& contents = parts_[i];
            auto part = contents.part;
            part.superseded = contents.folders;
            for (auto const& [name, file] : contents.files) {
                auto const path = prefix_of_part(part.object) + name;
                if (files_.at(path).part != i || !counted.contains(path)) part.superseded.push_back(name);
            }
            if (part.superseded.size() == contents.folders.size() + contents.files.size()) continue;
            std::sort(part.superseded.begin(), part.superseded.end());
            all.push_back(std::move(part));
        }
        return all;
    }

private:
    struct stored {
        std::size_t part = 0;
        manifest_file const* file = nullptr;
    };

    std::string label_;
    std::vector<part_contents> parts_;  ///< of an archive, by number
    std::map<std::string, stored> files_{};
};

/// The newest unfinished backup of that kind of which a part can be used; nothing when there is none that is newer than
/// all finished ones: labels sort by time, and what builds on a backup goes by that. Only for the holder of the lease.
/// @throws error  from the store
std::optional<begun_backup> find_begun(store auto const& where, cluster const& of, backup_list const& all,
                                       backup_kind kind) {
    std::string newest = all.sealed.empty() ? std::string{} : all.sealed.back().label;
    if (!all.damaged.empty()) newest = std::max(newest, all.damaged.back().label);
    for (auto label = all.unfinished.rbegin(); label != all.unfinished.rend() && *label > newest; ++label) {
        if (!label->ends_with(kind == backup_kind::full ? 'F' : 'I')) continue;
        auto const folder = backup_folder(of, *label);
        std::vector<part_contents> parts;
        for (auto const& object : where.list(folder)) {
            if (!parse_part_name(object)) continue;
            try {
                if (auto contents = read_part_contents(where, folder, object)) parts.push_back(std::move(*contents));
            } catch (error const& failure) {
                if (failure.kind() != fault::corrupt) throw;
            }
        }
        if (!parts.empty()) return begun_backup{*label, std::move(parts)};
    }
    return std::nullopt;
}

namespace detail {

void remove_others(store auto const& where, std::string const& folder, std::set<std::string> const& kept) {
    for (auto const& object : where.list(folder))
        if (!kept.contains(object)) where.remove(folder + '/' + object);
}

}  // namespace detail

/// Removes from the folder of a backup what is neither named by `parts` nor a list of these. @throws error  from the
/// store
void remove_all_but(store auto const& where, std::string const& folder, std::vector<part_contents> const& parts) {
    std::set<std::string> kept;
    for (auto const& one : parts) {
        kept.insert(one.part.object);
        kept.insert(contents_object(one.part.object));
    }
    detail::remove_others(where, folder, kept);
}

/// Removes from the folder of a backup what its record does not name, once it has one. @throws error  from the store
void remove_unnamed(store auto const& where, cluster const& of, backup_record const& sealed) {
    auto const folder = backup_folder(of, sealed.label);
    std::set<std::string> named{std::string{backup_seal}, std::string{backup_manifest_object}};
    for (auto const& part : sealed.parts)
        named.insert(part.object);
    if (sealed.configuration) named.insert(std::string{config_object});
    detail::remove_others(where, folder, named);
}

}  // namespace walmgr
