/// Removing backups that no rule keeps, what unfinished ones have left, and the log that nothing needs any more.
/// Wherever it is killed, what is still there is whole: first a backup stops being one, then its parts go, newest
/// backups first, so that none is there without its parent; then the log, oldest first, so that no gap comes to be.
#pragma once

#include <walmgr/backup/list.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/store.hpp>
#include <walmgr/verify.hpp>
#include <walmgr/wal_name.hpp>
#include <walmgr/wal_ranges.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Whether a file of the log lies before the segment of that number. A history never does: it is small, and restores
/// along later timelines need it.
inline bool lies_before(std::string_view object, cluster const& of, std::uint64_t number) {
    auto const name = parse_wal_name(detail::without_ending(object, detail::wal_ending));
    if (!name || name->kind == wal_kind::history) return false;
    auto const which = segment_of(*name, of.size);
    return which && which->number < number;
}

/// The objects of the log before a position, over all timelines, oldest first. The segment of the position is none.
/// @throws error  from the store
std::vector<std::string> log_before(store auto const& where, cluster const& of, lsn horizon) {
    std::vector<std::pair<std::uint64_t, std::string>> found;
    auto const number = horizon.bytes / of.size.bytes;
    auto const look = [&](std::string const& folder) {
        std::vector<std::string> folders;
        for (auto const& object : where.list(folder)) {
            if (object.back() == '/') folders.push_back(folder + '/' + object.substr(0, object.size() - 1));
            else if (lies_before(object, of, number))
                found.emplace_back(
                    segment_of(*parse_wal_name(detail::without_ending(object, detail::wal_ending)), of.size)->number,
                    folder + '/' + object);
        }
        return folders;
    };
    for (auto const& timeline : look(wal_folder(of))) {
        for (auto const& part : look(timeline))
            look(part);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> objects;
    for (auto& [order, object] : found)
        objects.push_back(std::move(object));
    return objects;
}

/// Removes a backup, or what is there of one. `removed(object)` hears of each. @throws error  from the store
void remove_backup(store auto const& where, cluster const& of, std::string const& label, auto&& removed) {
    auto const folder = backup_folder(of, label);
    auto const remove = [&](std::string_view object) {
        auto const name = folder + '/' + std::string{object};
        if (where.remove(name)) removed(name);
    };
    remove(backup_seal);
    for (auto const& object : where.list(folder))
        remove(object);
    remove(backup_seal);  // a store with folders tidies up behind the last one
}

/// Removes backups, given in their order: each seal first, newest first, and then the rest.
/// @throws error  from the store
void remove_backups(store auto const& where, cluster const& of, std::vector<std::string> const& labels,
                    auto&& removed) {
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        auto const seal = backup_folder(of, *label).append("/").append(backup_seal);
        if (where.remove(seal)) removed(seal);
    }
    for (auto label = labels.rbegin(); label != labels.rend(); ++label)
        remove_backup(where, of, *label, removed);
}

}  // namespace walmgr
