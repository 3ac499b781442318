/// Takes a base backup, by whichever method its files are copied, and makes it one that can be restored.
#pragma once

#include <walmgr/backup/begun.hpp>
#include <walmgr/backup/part_limits.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup/source.hpp>
#include <walmgr/backup/store_config.hpp>
#include <walmgr/backup/utc.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/error.hpp>
#include <walmgr/lock.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// What is wanted.
struct backup_order {
    std::string label{};
    std::string parent{};                 ///< for an incremental one
    std::string parent_manifest{};        ///< likewise, the manifest of that backup
    bool whole_files = false;             ///< likewise: store changed files whole
    begun_backup const* begun = nullptr;  ///< an earlier attempt to go on with, of that label; by files only
    bool fast = true;                     ///< a checkpoint at once; else the server takes its time for it
    std::uint64_t max_rate = 0;           ///< kB/s from 32 to 1048576; 0 for no limit
    std::string annotation{};
    part_limits limits{};
    std::uint64_t part_size = usual_part_size;
    /// Finds, by the manifest of the backup, configuration files that are not in it. Where it is empty nobody looks.
    std::function<found_config(std::string const&)> find_config{};
};

/// What a method is given to work with.
template <class Open, codec Codec, class Progress> struct backup_job {
    Open const& open;  ///< gives a store, for each thread its own
    Codec const& way;
    origin from{};         ///< for the labels of objects
    std::string folder{};  ///< where parts go
    backup_order const& order;
    backup_manifest const* before = nullptr;  ///< files that it has with the same bytes are not to be stored
    Progress& progress;                       ///< (bytes, expected) hears how many have come of about how many
};

/// What a method has stored.
struct copied_backup {
    timeline tli{};
    lsn start{};
    lsn stop{};
    std::vector<backup_tablespace> tablespaces{};
    std::vector<backup_part> parts{};
    std::string manifest{};  ///< its text
};

/// Copies the files of a running server into parts, all of which are durable when it returns.
template <class Method, class Job>
concept backup_method = requires(Method& by, Job const& job) {
    { by.copy(job) } -> std::same_as<copied_backup>;
};

/// The label of a backup that begins at `at`.
inline std::string backup_label(std::time_t at, backup_kind kind) {
    return detail::utc_text(at, "%Y%m%dT%H%M%SZ") + (kind == backup_kind::full ? "-F" : "-I");
}

/// Takes a backup and stores all of it but its record. `open()` gives a store, for each thread its own;
/// `progress(bytes, expected)` hears how many have come of about how many, which is 0 where nobody knows.
/// @return the record, to be sealed once all write-ahead log that it needs is in the repository
/// @throws error  from the method, or the store; pgq::sql_error, pgq::connection_error, pgq::stopped
template <class Method, class Open, codec Codec, class Progress>
backup_record take_backup(Method& by, Open const& open, Codec const& way, cluster const& of,
                          backup_source const& source, backup_order const& order, Progress&& progress) {
    static_assert(store_opener<Open>, "walmgr::take_backup: open() const must give a store to each thread");
    using job_type = backup_job<Open, Codec, std::remove_reference_t<Progress>>;
    static_assert(backup_method<Method, job_type>,
                  "walmgr::take_backup: a method needs copy(job), which gives a copied_backup");
    backup_record taken{.label = order.label,
                        .kind = order.parent.empty() ? backup_kind::full : backup_kind::incremental,
                        .parent = order.parent,
                        .whole_files = order.whole_files,
                        .system_id = of.system_id,
                        .history = of.history,
                        .size = of.size,
                        .version = source.version,
                        .started = detail::utc_now(),
                        .time_zone = source.time_zone,
                        .checksums = source.checksums,
                        .of_standby = source.in_recovery,
                        .annotation = order.annotation};
    std::optional<backup_manifest> before;
    if (order.whole_files)
        before = parse_backup_manifest(order.parent_manifest, "the manifest of backup " + order.parent);
    job_type const job{.open = open,
                       .way = way,
                       .from = {.system_id = of.system_id, .begin = {}, .tli = {}, .size = of.size},
                       .folder = backup_folder(of, order.label),
                       .order = order,
                       .before = before ? &*before : nullptr,
                       .progress = progress};
    auto copied = by.copy(job);
    taken.tli = copied.tli;
    taken.start = copied.start;
    taken.stop = copied.stop;
    taken.stopped = detail::utc_now();
    taken.tablespaces = std::move(copied.tablespaces);
    taken.parts = std::move(copied.parts);

    auto const where = open();
    if (order.find_config)
        taken.configuration = store_config(where, way, job.from, job.folder, order.find_config(copied.manifest));
    auto const name = job.folder + '/' + std::string{backup_manifest_object};
    auto out = where.create(name);
    object_packer pack{out, way};
    pack.write(copied.manifest);
    taken.manifest_sha256 = hex_of(pack.finish(job.from).raw_digest);
    if (!out.seal()) throw error{fault::duplicate, name + " is in the repository already"};
    return taken;
}

/// Whether all parts that a record names are there. @throws error  from the store
bool has_parts(store auto const& where, cluster const& of, backup_record const& taken) {
    auto const there = where.list(backup_folder(of, taken.label));
    auto const is_there = [&](backup_part const& part) {
        return std::find(there.begin(), there.end(), part.object) != there.end();
    };
    auto const& config = taken.configuration;
    return std::all_of(taken.parts.begin(), taken.parts.end(), is_there) &&
           (!config || !config->part || is_there(*config->part));
}

/// Writes the record of a backup, by which it becomes one, unless somebody has taken the lock over: then what looked
/// unfinished may have been removed. So it looks before, and once more behind, when nobody can take it for unfinished.
/// @throws error  locked, when the lock was taken over; it is no backup then; duplicate, when it has a record; or from
///                the store
template <store Store, codec Codec, class Lock>
void seal_backup(Store const& where, cluster const& of, Codec const& way, backup_record const& taken,
                 Lock const& held) {
    static_assert(backup_lock<Lock, Store>,
                  "walmgr::seal_backup: a lock needs is_ours(store) const, which gives a bool");
    if (!held.is_ours(where)) throw error{fault::locked, "the lease of this backup was taken over; it is not sealed"};
    auto const name = backup_folder(of, taken.label).append("/").append(backup_seal);
    auto out = where.create(name);
    object_packer pack{out, way};
    pack.write(write_backup_record(taken));
    pack.finish({.system_id = of.system_id, .begin = taken.start, .tli = taken.tli, .size = of.size});
    if (!out.seal()) throw error{fault::duplicate, name + " is in the repository already"};
    if (held.is_ours(where) && has_parts(where, of, taken)) return;
    where.remove(name);
    throw error{fault::locked, "the lease of this backup was taken over while it was sealed; it is none"};
}

}  // namespace walmgr
