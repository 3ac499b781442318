/// Restoring a backup into a data folder, so that a server started there recovers to its target. The folder is of no
/// use to any server until the last step, whatever happens before; then all of it is durable.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/archive.hpp>
#include <walmgr/durability.hpp>
#include <walmgr/executor.hpp>
#include <walmgr/restore/apply_incremental.hpp>
#include <walmgr/restore/clear.hpp>
#include <walmgr/restore/extract.hpp>
#include <walmgr/restore/outside_folders.hpp>
#include <walmgr/restore/plan.hpp>
#include <walmgr/restore/recovery_settings.hpp>
#include <walmgr/restore/target_folder.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// How a backup is restored.
struct restore_options {
    std::vector<outside_folder> outside{};  ///< tablespaces, and pg_wal where it is to lie elsewhere
    recovery_settings settings{};
};

namespace detail {

inline void write_whole(std::string const& path, std::string_view text, ::mode_t mode) {
    remove_file(path);
    auto out = open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (!out.is_open()) refuse("cannot create " + path, ENOENT);
    out.write(text);
    out.close();
}

inline std::string whole_file(std::string const& path) {
    auto const from = open_file(path);
    std::string text(from.is_open() ? static_cast<std::size_t>(from.size()) : 0, '\0');
    if (from.is_open()) text.resize(from.read(0, text));
    return text;
}

/// Whether a file of an old pg_wal is the only copy of something: log of this cluster that the archive has not.
inline bool only_copy(auto const& where, cluster const& of, std::string const& text, std::string const& path) {
    auto const name = parse_wal_name(text);
    if (!name || where.open(object_name(of, *name, text))) return false;
    if (!holds_segment(name->kind)) return true;
    std::string start(page_header_bytes, '\0');
    auto const from = open_file(path);
    start.resize(from.is_open() ? from.read(0, start) : 0);
    try {
        check_segment_start(start, *name, of, path);
        return true;
    } catch (error const&) {
        return false;  // a segment that was made ready for later use
    }
}

/// Every file that a plan will write, be it for a while only: what was left of another restore is none of them.
inline backup_manifest all_files(restore_plan const& plan) {
    backup_manifest all = plan.manifest;
    for (auto const& one : plan.before)
        all.files.insert(one.manifest.files.begin(), one.manifest.files.end());
    return all;
}

/// The full backup, and then one after the other what builds on it.
inline extraction write_chain(auto const& open, cluster const& of, restore_plan const& plan, target_folder const& data,
                              executor auto const& on) {
    if (plan.before.empty()) return extract_backup(open, of, plan.from, plan.manifest, data, on);
    auto const& full = plan.before.front();
    auto told = extract_backup(open, of, full.record, full.manifest, data, on);
    for (std::size_t i = 1; i <= plan.before.size(); ++i) {
        bool const last = i == plan.before.size();
        auto const& record = last ? plan.from : plan.before[i].record;
        auto const& manifest = last ? plan.manifest : plan.before[i].manifest;
        auto const& parent = plan.before[i - 1];
        told += apply_incremental(open, of, parent.record, parent.manifest, record, manifest, data, on);
    }
    // A tablespace that was dropped meanwhile was written into the data folder itself.
    for (auto const& one : plan.before) {
        for (auto const& space : one.record.tablespaces) {
            auto const path = data / "pg_tblspc/" + std::to_string(space.oid);
            if (link_target(path).empty()) std::filesystem::remove_all(path);
        }
    }
    return told;
}

/// What a server reads first: how to recover.
inline void write_settings(target_folder const& data, backup_manifest const& manifest, recovery_settings const& wanted,
                           ::mode_t mode) {
    auto const automatic = data / "postgresql.auto.conf";
    write_whole(automatic, without_recovery_settings(whole_file(automatic)) + settings_block(wanted), mode);
    // Where somebody set a target of an earlier recovery by hand, this one would end there.
    auto const own = data / "postgresql.conf";
    if (manifest.files.contains("postgresql.conf")) {
        auto const text = whole_file(own);
        auto const cleaned = without_recovery_settings(text);
        if (cleaned != text && cleaned != text + '\n') write_whole(own, cleaned, mode);
    }
    for (auto const* const signal : {"recovery.signal", "standby.signal"})
        remove_file(data / signal);
    write_whole(data / (wanted.standby ? "standby.signal" : "recovery.signal"), "", mode);
}

}  // namespace detail

/// Carries a plan out. `open()` gives a store for each of the threads that `on` has. All is durable when it returns, as
/// far as `by` makes it so: with `unsynced` a loss of power may leave a folder that looks whole and is not.
/// @return what was written and what was right already
/// @throws error  corrupt, disk_full, unavailable, server_running, identity, usage; then no server can start in the
///                folder, and to restore again goes on where this ended
template <class Open, class Executor = inline_executor, class Durability = synced>
extraction restore_backup(Open const& open, cluster const& of, restore_plan const& plan, target_folder& data,
                          restore_options const& wanted, Executor const& on = {}, Durability const& by = {}) {
    static_assert(store_opener<Open>, "walmgr::restore_backup: open() const must give a store to each thread");
    static_assert(executor<Executor>,
                  "walmgr::restore_backup: an executor needs run(work, most) const, which calls work()");
    static_assert(durability<Durability>, "walmgr::restore_backup: a durability needs keep(file&), keep_names(folder) "
                                          "and keep_tree(folder), all of them const");
    check_outside_folders(wanted.outside, data);
    data.begin(by);
    link_outside_folders(wanted.outside, data);
    if (data.state() != folder_state::fresh) {
        auto const where = open();
        clear_folder(
            data, detail::all_files(plan), wanted.outside,
            [&](std::string const& name, std::string const& path) { return detail::only_copy(where, of, name, path); });
    }
    auto const told = detail::write_chain(open, of, plan, data, on);

    struct stat version {};
    if (::stat((data / "PG_VERSION").c_str(), &version) != 0) refuse("cannot look at " + data / "PG_VERSION");
    bool const for_group = (version.st_mode & S_IRGRP) != 0;
    ::mode_t const mode = for_group ? 0640 : 0600;
    bool const moved =
        std::any_of(plan.from.tablespaces.begin(), plan.from.tablespaces.end(), [&](backup_tablespace const& space) {
            outside_folder const as_it_was{"pg_tblspc/" + std::to_string(space.oid), space.path};
            return std::find(wanted.outside.begin(), wanted.outside.end(), as_it_was) == wanted.outside.end();
        });
    if (moved) detail::write_whole(data / "tablespace_map", tablespace_map(wanted.outside), mode);
    detail::write_settings(data, plan.manifest, wanted.settings, mode);
    if (::chmod(data.path().c_str(), for_group ? 0750 : 0700) != 0)
        refuse("cannot set the permissions of " + data.path());

    for (auto const& one : wanted.outside)
        by.keep_tree(one.path);
    by.keep_tree(data.path());
    data.finish(by);
    return told;
}

}  // namespace walmgr
