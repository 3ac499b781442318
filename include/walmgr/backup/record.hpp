/// The record of a base backup, `<cluster>/base/<label>/backup.json`. It is written last: a folder that has none is an
/// unfinished backup, or one that is being removed, and is nobody's backup.
///
/// What lies beside it: `backup_manifest`, the server's own; `main-0000.tar`, `main-0001.tar` and so on for the data
/// folder, `<oid>-0000.tar` and so on for each tablespace, each a complete tar file by itself; and `config.tar` for
/// configuration files from elsewhere. All are objects.
#pragma once

#include <walmgr/backup/kept_config.hpp>
#include <walmgr/backup/part_record.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/json.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/wal_name.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Whether a backup is complete by itself.
enum class backup_kind {
    full,
    incremental  ///< holds what changed since its parent, and needs that
};

/// A tablespace, and where the server had it.
struct backup_tablespace {
    std::uint32_t oid = 0;
    std::string path{};
    friend bool operator==(backup_tablespace const&, backup_tablespace const&) = default;
};

/// All that is recorded of a backup.
struct backup_record {
    std::string label{};  ///< 20260131T120102Z-F, or -I for an incremental one; labels sort by time
    backup_kind kind{};
    std::string parent{};      ///< label of the backup that an incremental one builds on, else empty
    bool whole_files = false;  ///< an incremental one that holds changed files whole, and not only their changed blocks
    std::uint64_t system_id = 0;
    int history = 1;  ///< see cluster
    segment_size size{};
    int version = 0;          ///< major version of the server
    timeline tli{};           ///< of the server at start and stop
    lsn start{};              ///< recovery begins here
    lsn stop{};               ///< what was copied is consistent from here on
    std::string started{};    ///< 2026-01-31T12:01:02Z
    std::string stopped{};    ///< likewise, when the server had sent everything
    std::string time_zone{};  ///< TimeZone of the server
    bool checksums = false;   ///< whether its pages have checksums
    bool of_standby = false;  ///< the server was a standby: `stop` may lie behind what the primary had written then
    std::string manifest_sha256{};
    std::vector<backup_tablespace> tablespaces{};
    std::vector<backup_part> parts{};  ///< in the order in which the server sent them
    std::string annotation{};          ///< free text of who took it
    /// Of configuration files outside of the data folder; nothing where there were none, or nobody looked.
    std::optional<kept_config> configuration{};

    friend bool operator==(backup_record const&, backup_record const&) = default;
};

/// The folder of all backups of a cluster, and that of one.
inline std::string backups_folder(cluster const& of) {
    return of.name + "/base";
}
inline std::string backup_folder(cluster const& of, std::string_view label) {
    return backups_folder(of).append("/").append(label);
}
/// The cluster as it was when that backup was taken, `now` or before an upgrade.
inline cluster cluster_of(backup_record const& one, cluster const& now) {
    if (one.history == now.history) return now;
    return {
        .name = now.name, .system_id = one.system_id, .size = one.size, .history = one.history, .version = one.version};
}
/// Names within the folder of a backup.
inline constexpr std::string_view backup_seal = "backup.json";
inline constexpr std::string_view backup_manifest_object = "backup_manifest";

/// True for what looks like a label: nothing else of the command line becomes the name of a folder.
inline bool is_backup_label(std::string_view text) {
    constexpr std::string_view form = "00000000T000000Z-";
    if (text.size() != form.size() + 1 || (text.back() != 'F' && text.back() != 'I')) return false;
    for (std::size_t i = 0; i < form.size(); ++i)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
    return true;
}

namespace detail {

inline std::uint64_t sum_of(backup_record const& one, std::uint64_t backup_part::*size) {
    std::uint64_t all = 0;
    for (auto const& part : one.parts)
        all += part.*size;
    return all;
}

constexpr std::string_view name_of(backup_kind kind) {
    return kind == backup_kind::full ? "full" : "incremental";
}

inline lsn json_position(json_in& in) {
    auto const at = parse_lsn(json_string_of(in));
    if (!at) in.fail("not a position");
    return *at;
}

inline void read_backup_cluster(json_in& in, backup_record& into) {
    each_member(in, [&](std::string_view name) {
        if (name == "system_id") into.system_id = json_number<std::uint64_t>(in);
        else if (name == "history") into.history = json_number<int>(in);
        else if (name == "segment_size") {
            auto const size = valid_segment_size(json_number<std::uint64_t>(in));
            if (!size) in.fail("not a length of segments");
            into.size = *size;
        } else in.any();
    });
}

inline backup_tablespace read_backup_tablespace(json_in& in) {
    backup_tablespace one;
    each_member(in, [&](std::string_view name) {
        if (name == "oid") one.oid = json_number<std::uint32_t>(in);
        else if (name == "path") one.path = json_string_of(in);
        else in.any();
    });
    return one;
}

inline void read_backup_member(json_in& in, std::string_view name, backup_record& into) {
    if (name == "label") into.label = json_string_of(in);
    else if (name == "kind") {
        auto const kind = json_string_of(in);
        if (kind != "full" && kind != "incremental") in.fail("an unknown kind of backup");
        into.kind = kind == "full" ? backup_kind::full : backup_kind::incremental;
    } else if (name == "parent") into.parent = json_string_of(in);
    else if (name == "holds") into.whole_files = json_string_of(in) == "files";
    else if (name == "cluster") read_backup_cluster(in, into);
    else if (name == "version") into.version = json_number<int>(in);
    else if (name == "timeline") into.tli = timeline{json_number<std::uint32_t>(in)};
    else if (name == "start_lsn") into.start = json_position(in);
    else if (name == "stop_lsn") into.stop = json_position(in);
    else if (name == "started") into.started = json_string_of(in);
    else if (name == "stopped") into.stopped = json_string_of(in);
    else if (name == "time_zone") into.time_zone = json_string_of(in);
    else if (name == "checksums") into.checksums = in.scalar() == "true";
    else if (name == "taken_of") into.of_standby = json_string_of(in) == "standby";
    else if (name == "manifest_sha256") into.manifest_sha256 = json_string_of(in);
    else if (name == "tablespaces") each_element(in, [&] { into.tablespaces.push_back(read_backup_tablespace(in)); });
    else if (name == "parts") each_element(in, [&] { into.parts.push_back(read_backup_part(in)); });
    else if (name == "annotation") into.annotation = json_string_of(in);
    else if (name == "configuration") into.configuration = read_kept_config(in);
    else in.any();  // of a later version
}

}  // namespace detail

/// The bytes of raw tar files.
inline std::uint64_t raw_size_of(backup_record const& one) {
    return detail::sum_of(one, &backup_part::raw_size);
}
/// The bytes that its tar files take in the repository.
inline std::uint64_t stored_size_of(backup_record const& one) {
    return detail::sum_of(one, &backup_part::stored_size);
}

/// The text of backup.json.
inline std::string write_backup_record(backup_record const& one) {
    using detail::json_text;
    auto const number = [](auto value) { return std::to_string(value); };
    auto const list = [](auto const& all, auto const& write) {
        std::string text;
        for (auto const& element : all)
            text.append(text.empty() ? "\n    " : ",\n    ").append(write(element));
        return '[' + text + (text.empty() ? "]" : "\n  ]");
    };
    auto const tablespaces = list(one.tablespaces, [&](backup_tablespace const& space) {
        return R"({"oid": )" + number(space.oid) + R"(, "path": )" + json_text(space.path) + '}';
    });
    auto const parts = list(one.parts, detail::write_backup_part);
    std::vector<std::pair<std::string_view, std::string>> members{
        {"label", json_text(one.label)},
        {"kind", json_text(detail::name_of(one.kind))},
        {"parent", one.parent.empty() ? "null" : json_text(one.parent)},
        {"holds", one.parent.empty() ? "null"
                  : one.whole_files  ? R"("files")"
                                     : R"("blocks")"},
        {"cluster", R"({"system_id": ")" + number(one.system_id) + R"(", "history": )" + number(one.history) +
                        R"(, "segment_size": )" + number(one.size.bytes) + '}'},
        {"version", number(one.version)},
        {"timeline", number(static_cast<std::uint32_t>(one.tli))},
        {"start_lsn", json_text(to_string(one.start))},
        {"stop_lsn", json_text(to_string(one.stop))},
        {"started", json_text(one.started)},
        {"stopped", json_text(one.stopped)},
        {"time_zone", json_text(one.time_zone)},
        {"checksums", one.checksums ? "true" : "false"},
        {"taken_of", one.of_standby ? R"("standby")" : R"("primary")"},
        {"manifest_sha256", json_text(one.manifest_sha256)},
        {"tablespaces", tablespaces},
        {"parts", parts},
        {"annotation", json_text(one.annotation)},
    };
    if (one.configuration) members.emplace_back("configuration", detail::write_kept_config(*one.configuration));
    std::string out;
    for (auto const& [name, value] : members)
        out.append(out.empty() ? "{\n  " : ",\n  ").append(json_text(name)).append(": ").append(value);
    return out + "\n}\n";
}

/// Reads a record. Members that it does not know are passed over. `name` is for messages.
/// @throws error  corrupt
inline backup_record parse_backup_record(std::string_view text, std::string const& name) {
    backup_record read;
    try {
        detail::json_in in{text};
        detail::each_member(in, [&](std::string_view member) {
            if (in.skip_word("null")) return;
            detail::read_backup_member(in, member, read);
        });
        in.end();
    } catch (pgq::decode_error const& problem) {
        throw error{fault::corrupt, name + " is no record of a backup: " + problem.what()};
    }
    bool const whole = is_backup_label(read.label) && read.version > 0 && read.tli != timeline{} &&
                       read.start.bytes > 0 && read.start <= read.stop && !read.parts.empty() &&
                       (read.kind == backup_kind::full) == read.parent.empty();
    if (!whole) throw error{fault::corrupt, name + " is no record of a backup: something is missing in it"};
    return read;
}

}  // namespace walmgr
