/// Removing backups that no rule keeps, what unfinished ones have left, and the log that nothing needs any more.
/// Wherever it is killed, what is still there is whole: first a backup stops being one, then its parts go, newest
/// backups first, so that none is there without its parent; then the log, oldest first, so that no gap comes to be.
#pragma once

#include <walmgr/backup/list.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/store.hpp>
#include <walmgr/verify.hpp>
#include <walmgr/wal_name.hpp>
#include <walmgr/wal_ranges.hpp>
#include <walmgr/walk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Whether a file of the log lies before the segment of that number. A history never does: it is small, and restores
/// along later timelines need it.
inline bool lies_before(std::string_view object, cluster const& of, std::uint64_t number) {
    auto const name = parse_wal_name(kept_file(object));
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
                found.emplace_back(segment_of(*parse_wal_name(kept_file(object)), of.size)->number,
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

/// One repository, its backups, and what is to become of them.
template <store Store> struct judged_backups {
    Store where;
    cluster of;
    backup_list all{};
    std::vector<backup_verdict> verdicts{};  ///< of `all`
    std::vector<cluster> earlier{};          ///< what `of` was before its upgrades
};

/// Which part of an expire is wanted: the old programs had a command for each.
struct expire_order {
    bool backups = true;
    bool log = true;
    bool act = true;  ///< else it only tells
    bool of_all =
        true;  ///< whether these are all repositories that share the log; else nobody knows what of it is needed
};

namespace detail {

template <class Store>
void remove_old_backups(std::vector<judged_backups<Store>> const& all, std::size_t which, expire_order const& order,
                        auto& tell) {
    auto const& one = all[which];
    auto const nothing = [](std::string const&) {};
    std::vector<std::string> old;
    for (auto const& verdict : one.verdicts) {
        if (!verdict.kept) old.push_back(verdict.backup->label);
        tell.backup(which, verdict);
    }
    for (auto const& label : one.all.unfinished)
        tell.unfinished(which, label);
    if (!order.act) return;
    remove_backups(one.where, one.of, old, nothing);
    for (auto const& label : one.all.unfinished)
        remove_backup(one.where, one.of, label, nothing);
}

/// A backup may lie in one repository and its log in all of them: what counts is the oldest backup of all. Nothing
/// where there is none.
template <class Store>
std::optional<lsn> common_horizon(std::vector<judged_backups<Store>> const& all, std::uint64_t system_id) {
    std::optional<lsn> horizon;
    for (auto const& one : all) {
        auto const own = log_horizon(one.all, one.verdicts, system_id);
        if (own && (!horizon || *own < *horizon)) horizon = own;
    }
    return horizon;
}

template <class Store>
void remove_log_before(judged_backups<Store> const& one, cluster const& of, lsn horizon,
                       std::vector<std::string> const& objects) {
    for (auto const& object : objects)
        one.where.remove(object);
    // Of a gap in front of all backups nobody needs to hear any more, filled or not.
    for (auto const& gap : found_gaps(one.where, of)) {
        if ((gap.last + 1) * of.size.bytes <= horizon.bytes) forget_found_gap(one.where, of, gap);
    }
}

/// All log of a history, oldest first, and behind it the histories of its timelines.
std::vector<std::string> all_log(store auto const& where, cluster const& of) {
    auto objects = log_before(where, of, lsn{std::numeric_limits<std::uint64_t>::max()});
    std::set<std::string> const segments{objects.begin(), objects.end()};
    walk(where, wal_folder(of) + '/', [&](std::string const& object) {
        if (!segments.contains(object)) objects.push_back(object);
    });
    return objects;
}

/// The log from before an upgrade: as that of today, and all of it once no backup is left that it could bring forward.
/// `renewed`: there is a backup of what the cluster is now, without which nobody knows whether the upgrade will stay.
template <class Store>
void expire_earlier_log(std::vector<judged_backups<Store>> const& all, bool renewed, bool act, auto& tell) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (auto const& of : all[i].earlier) {
            auto const horizon = common_horizon(all, of.system_id);
            if (!horizon && !renewed) continue;
            auto const objects = horizon ? log_before(all[i].where, of, *horizon) : all_log(all[i].where, of);
            if (!objects.empty()) tell.earlier_log(i, objects.size(), of);
            constexpr lsn end{std::numeric_limits<std::uint64_t>::max()};
            if (act) remove_log_before(all[i], of, horizon.value_or(end), objects);
        }
    }
}

template <class Store> void expire_log(std::vector<judged_backups<Store>> const& all, bool act, auto& tell) {
    for (auto const& one : all) {
        if (one.all.damaged.empty()) continue;
        return tell.no_log("the record of " + one.all.damaged.front().label +
                           " is damaged, so that nobody knows where its log begins");
    }
    bool renewed = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const horizon = common_horizon(all, all[i].of.system_id);
        if (!horizon) continue;
        renewed = true;
        auto const objects = log_before(all[i].where, all[i].of, *horizon);
        tell.log(i, objects.size(), *horizon);
        if (act) remove_log_before(all[i], all[i].of, *horizon, objects);
    }
    if (!renewed) tell.no_log("there is no backup that it could begin with");
    expire_earlier_log(all, renewed, act, tell);
}

}  // namespace detail

/// Removes what killed archivers have left in the folders of log that stay: a store with folders tidies up where
/// what is to be removed is not there. @throws error  from the store
void tidy_log(store auto const& where, cluster const& of) {
    std::vector<std::string> folders{wal_folder(of)};
    for (std::size_t next = 0; next < folders.size(); ++next) {
        auto const folder = folders[next];
        for (auto const& name : where.list(folder)) {
            if (name.ends_with('/')) folders.push_back(folder + '/' + name.substr(0, name.size() - 1));
        }
        where.remove(folder + "/unfinished");
    }
}

/// Removes what the verdicts do not keep: in each repository first backups, then log. `tell` hears of it before:
/// `backup(index, verdict)`, `unfinished(index, label)`, `log(index, count, horizon)`, `no_log(why)`, and of log from
/// before an upgrade `earlier_log(index, count, cluster)`. @throws error  from a store
template <store Store>
void expire(std::vector<judged_backups<Store>> const& all, expire_order const& order, auto&& tell) {
    if (order.backups) {
        for (std::size_t i = 0; i < all.size(); ++i)
            detail::remove_old_backups(all, i, order, tell);
    }
    if (!order.log) return;
    if (order.of_all) detail::expire_log(all, order.act, tell);
    else tell.no_log("one of the repositories cannot be asked what its backups need");
    for (auto const& one : all) {
        if (!order.act) return;
        tidy_log(one.where, one.of);
        for (auto const& of : one.earlier)
            tidy_log(one.where, of);
    }
}

}  // namespace walmgr
