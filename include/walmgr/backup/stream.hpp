/// A base backup that the server sends.
#pragma once

#include <pgq/libpq/base_backup.hpp>
#include <pgq/libpq/quote.hpp>

#include <walmgr/backup/part_pool.hpp>
#include <walmgr/backup/receiver.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup/source.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {

/// What is wanted.
struct backup_order {
    std::string label{};
    std::string parent{};           ///< for an incremental one
    std::string parent_manifest{};  ///< likewise, the server's manifest of that backup
    bool whole_files = false;       ///< likewise: store changed files whole, of all that the server sends
    bool fast = true;               ///< a checkpoint at once; else the server takes its time for it
    std::uint64_t max_rate = 0;     ///< kB/s from 32 to 1048576; 0 for no limit
    std::string annotation{};
    part_limits limits{};
    std::uint64_t part_size = usual_part_size;
};

namespace detail {

inline std::string utc_text(std::time_t at, char const* form) {
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), form, &parts)};
}
inline std::string utc_now() {
    return utc_text(std::time(nullptr), "%Y-%m-%dT%H:%M:%SZ");
}

inline std::string backup_options(backup_order const& order) {
    auto text = "LABEL " + pgq::libpq::literal(order.label) +
                ", PROGRESS true, TABLESPACE_MAP true, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256', WAIT false, "
                "CHECKPOINT '" +
                (order.fast ? "fast'" : "spread'");
    if (order.max_rate != 0) text += ", MAX_RATE " + std::to_string(order.max_rate);
    if (!order.parent.empty() && !order.whole_files) text += ", INCREMENTAL true";
    return text;
}

}  // namespace detail

/// The label of a backup that begins at `at`.
inline std::string backup_label(std::time_t at, backup_kind kind) {
    return detail::utc_text(at, "%Y%m%dT%H%M%SZ") + (kind == backup_kind::full ? "-F" : "-I");
}

/// Takes a backup from the server and stores all of it but its record. `open()` gives a store, for each thread its own;
/// `progress(bytes, expected)` hears how many have come of about how many, which is 0 where nobody knows.
/// @return the record, to be sealed once all write-ahead log that it needs is in the repository
/// @throws error  corrupt, when what came is not what the server's manifest says; or from the store;
///         pgq::sql_error, pgq::connection_error, pgq::stopped
template <class Open, codec Codec>
backup_record stream_backup(pgq::libpq::base_backup& server, Open const& open, Codec const& way, cluster const& of,
                            backup_source const& source, backup_order const& order, auto&& progress) {
    auto const folder = backup_folder(of, order.label);
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
                        .annotation = order.annotation};
    origin const from{.system_id = of.system_id, .begin = {}, .tli = {}, .size = of.size};
    part_pool<Open, Codec> pool{open, way, from, folder, order.limits};
    std::optional<backup_manifest> before;
    if (order.whole_files)
        before = parse_backup_manifest(order.parent_manifest, "the manifest of backup " + order.parent);
    backup_receiver receive{pool, progress, order.part_size, before ? &*before : nullptr};
    if (!order.parent.empty() && !before) server.upload_manifest(order.parent_manifest);
    auto const end = server.run(detail::backup_options(order), receive);
    receive.compare();
    taken.tli = receive.tli();
    taken.start = receive.start();
    taken.stop = lsn{end.position};
    taken.stopped = detail::utc_now();
    if (timeline{end.timeline} != taken.tli)
        throw error{fault::identity, "the server was promoted while it sent the backup; take another one"};
    taken.tablespaces = receive.tablespaces();
    taken.parts = pool.finish();

    auto const where = open();
    auto const name = folder + '/' + std::string{backup_manifest_object};
    auto out = where.create(name);
    object_packer pack{out, way};
    pack.write(receive.manifest_text());
    taken.manifest_sha256 = hex_of(pack.finish(from).raw_digest);
    if (!out.seal()) throw error{fault::duplicate, name + " is in the repository already"};
    return taken;
}

/// Writes the record of a backup, by which it becomes one. @throws error  duplicate, when it has one; or from the store
void seal_backup(store auto const& where, cluster const& of, codec auto const& way, backup_record const& taken) {
    auto const name = backup_folder(of, taken.label).append("/").append(backup_seal);
    auto out = where.create(name);
    object_packer pack{out, way};
    pack.write(write_backup_record(taken));
    pack.finish({.system_id = of.system_id, .begin = taken.start, .tli = taken.tli, .size = of.size});
    if (!out.seal()) throw error{fault::duplicate, name + " is in the repository already"};
}

}  // namespace walmgr
