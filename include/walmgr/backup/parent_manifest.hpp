/// What a server is told of the backup that an incremental one builds on.
#pragma once

#include <walmgr/backup/left_out.hpp>
#include <walmgr/sha256.hpp>

#include <string>
#include <string_view>

namespace walmgr {

namespace detail {

/// Whether a line of a manifest is of the visibility map of a relation. Such names need no encoding.
constexpr bool names_visibility_map(std::string_view line) {
    constexpr std::string_view key = "{ \"Path\": \"";
    auto const begin = line.find(key);
    if (begin == line.npos) return false;
    auto path = line.substr(begin + key.size());
    path = path.substr(0, path.find('"'));
    auto const relation = parse_relation_file(path.substr(path.rfind('/') + 1));
    return relation && relation->fork == "vm";
}

}  // namespace detail

/// The manifest without the visibility maps, so that the server sends these as they are and not what it takes for their
/// changes: what clears their bits is in no summary of the log, up to version 18 at least, and a map that says of a
/// page more than is true lets queries answer wrongly. `manifest` is whole, as a server or write_backup_manifest()
/// wrote it.
inline std::string without_visibility_maps(std::string_view manifest) {
    constexpr std::string_view last = "\"Manifest-Checksum\": \"";
    std::string text;
    while (!manifest.empty() && !manifest.starts_with(last)) {
        auto const line = manifest.substr(0, manifest.find('\n') + 1);
        if (line.empty()) break;
        manifest.remove_prefix(line.size());
        if (detail::names_visibility_map(line)) continue;
        // The last of a list is without a comma.
        if (line.starts_with(']') && text.ends_with(",\n")) text.erase(text.size() - 2, 1);
        text += line;
    }
    auto const sum = detail::digest_of(text);
    return text.append(last).append(hex_of(sum)).append("\"}\n");
}

}  // namespace walmgr
