/// The list of files that the server makes of a backup. Source: "Backup Manifest Format" in PostgreSQL's manual.
#pragma once

#include <pgq/error.hpp>

#include <walmgr/error.hpp>
#include <walmgr/json.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/tar_reader.hpp>
#include <walmgr/wal_name.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A file of a backup.
struct manifest_file {
    std::uint64_t size = 0;
    std::string sha256{};  ///< small hexadecimal digits; empty when the server took no digest, or another one

    friend bool operator==(manifest_file const&, manifest_file const&) = default;
};

/// Log that must be replayed before what was copied is consistent.
struct manifest_range {
    timeline tli{};
    lsn start{};
    lsn end{};
};

/// What a manifest says.
struct backup_manifest {
    std::optional<std::uint64_t> system_id{};      ///< since version 17
    std::map<std::string, manifest_file> files{};  ///< by path below the data folder; tablespaces are pg_tblspc/OID/...
    std::vector<manifest_range> ranges{};
};

namespace detail {

inline std::string from_hex(json_in& in, std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        auto const byte = hex_number<std::uint8_t>(digits.substr(i, 2));
        if (!byte || digits.size() % 2 != 0) in.fail("not hexadecimal");
        bytes += static_cast<char>(*byte);
    }
    return bytes;
}

inline void read_manifest_file(json_in& in, backup_manifest& into) {
    std::string path;
    std::string algorithm;
    manifest_file file;
    each_member(in, [&](std::string_view name) {
        if (name == "Path") path = json_string_of(in);
        else if (name == "Encoded-Path") path = from_hex(in, json_string_of(in));
        else if (name == "Size") file.size = json_number<std::uint64_t>(in);
        else if (name == "Checksum-Algorithm") algorithm = json_string_of(in);
        else if (name == "Checksum") file.sha256 = json_string_of(in);
        else in.any();
    });
    if (algorithm != "SHA256") file.sha256.clear();
    if (!is_inner_path(path)) in.fail("a path that leads out of the folder");
    if (!into.files.emplace(path, file).second) in.fail("a file that comes twice");
}

inline void read_manifest_range(json_in& in, backup_manifest& into) {
    manifest_range range;
    auto const position = [&] {
        auto const at = parse_lsn(json_string_of(in));
        if (!at) in.fail("not a position");
        return *at;
    };
    each_member(in, [&](std::string_view name) {
        if (name == "Timeline") range.tli = timeline{json_number<std::uint32_t>(in)};
        else if (name == "Start-LSN") range.start = position();
        else if (name == "End-LSN") range.end = position();
        else in.any();
    });
    into.ranges.push_back(range);
}

/// The manifest ends in a line with the digest of all lines before.
inline void check_manifest_digest(std::string_view text, std::string const& name) {
    constexpr std::string_view key = "\"Manifest-Checksum\": \"";
    auto const line = text.rfind('\n', text.empty() ? 0 : text.size() - 2);
    auto const last = line == text.npos ? std::string_view{} : text.substr(line + 1);
    if (!last.starts_with(key)) throw error{fault::corrupt, name + " is cut short: its last line is no digest"};
    sha256 hash;
    hash.update(text.substr(0, line + 1));
    if (last.substr(key.size(), 64) != hex_of(hash.finish()))
        throw error{fault::corrupt, name + " is damaged: its bytes are not those of its digest"};
}

}  // namespace detail

/// Reads a manifest and verifies the digest that it has of itself. `name` is for messages.
/// @throws error  corrupt
inline backup_manifest parse_backup_manifest(std::string_view text, std::string const& name) {
    detail::check_manifest_digest(text, name);
    backup_manifest read;
    std::uint64_t version = 0;
    try {
        detail::json_in in{text};
        detail::each_member(in, [&](std::string_view key) {
            if (key == "PostgreSQL-Backup-Manifest-Version") version = detail::json_number<std::uint64_t>(in);
            else if (key == "System-Identifier") read.system_id = detail::json_number<std::uint64_t>(in);
            else if (key == "Files") detail::each_element(in, [&] { detail::read_manifest_file(in, read); });
            else if (key == "WAL-Ranges") detail::each_element(in, [&] { detail::read_manifest_range(in, read); });
            else in.any();
        });
        in.end();
    } catch (pgq::decode_error const& problem) {
        throw error{fault::corrupt, name + " is no backup manifest: " + problem.what()};
    }
    if (version == 0 || version > 2)
        throw error{fault::corrupt, name + " has version " + std::to_string(version) +
                                        ", which this program does not know; use a newer one"};
    return read;
}

}  // namespace walmgr
