/// Writes the list of files of a backup in the server's own form, where the server makes none.
/// Source: "Backup Manifest Format" in PostgreSQL's manual.
#pragma once

#include <pgq/codec/hex.hpp>

#include <walmgr/backup/utc.hpp>
#include <walmgr/backup_manifest.hpp>

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A file of a backup, as a manifest lists it.
struct manifest_entry {
    std::string path{};  ///< below the data folder
    manifest_file file{};
    std::time_t modified = 0;
};

namespace detail {

/// Whether it can stand in JSON as it is, whatever the encoding of names of files is.
constexpr bool is_plain_path(std::string_view path) {
    for (char const byte : path)
        if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\') return false;
    return true;
}

}  // namespace detail

/// The text of a manifest, as a server of that major version would write it. `system_id` is in it from version 17 on.
inline std::string write_backup_manifest(int version, std::uint64_t system_id,
                                         std::vector<manifest_entry> const& entries, manifest_range const& range) {
    constexpr int first_with_system_id = 17;
    auto const number = [](auto value) { return std::to_string(value); };
    std::string text = "{ \"PostgreSQL-Backup-Manifest-Version\": ";
    if (version < first_with_system_id) text += "1,\n";
    else text.append("2,\n\"System-Identifier\": ").append(number(system_id)).append(",\n");
    text += "\"Files\": [";
    for (auto const& one : entries) {
        text += text.ends_with('[') ? "\n{ " : ",\n{ ";
        bool const plain = detail::is_plain_path(one.path);
        if (plain) text.append("\"Path\": \"").append(one.path);
        else text += "\"Encoded-Path\": \"";
        for (std::size_t i = 0; !plain && i < one.path.size(); ++i)
            pgq::detail::append_hex(text, static_cast<unsigned char>(one.path[i]));
        text.append("\", \"Size\": ").append(number(one.file.size));
        text.append(", \"Last-Modified\": \"").append(detail::utc_text(one.modified, "%Y-%m-%d %H:%M:%S GMT"));
        text.append(R"(", "Checksum-Algorithm": "SHA256", "Checksum": ")").append(one.file.sha256).append("\" }");
    }
    text.append("\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": ").append(number(static_cast<std::uint32_t>(range.tli)));
    text.append(", \"Start-LSN\": \"").append(to_string(range.start));
    text.append("\", \"End-LSN\": \"").append(to_string(range.end)).append("\" }\n],\n");
    auto const sum = detail::digest_of(text);
    return text.append("\"Manifest-Checksum\": \"").append(hex_of(sum)).append("\"}\n");
}

}  // namespace walmgr
