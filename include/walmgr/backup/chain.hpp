/// What an incremental backup builds on.
#pragma once

#include <walmgr/backup/record.hpp>
#include <walmgr/backup_manifest.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A full backup, and the incremental ones on it up to `last`, oldest first; for a full backup that alone. Nothing
/// when one of them is not among `all`, or is of another cluster or version than what builds on it.
inline std::vector<backup_record> chain_of(std::vector<backup_record> const& all, backup_record const& last) {
    std::vector<backup_record> chain{last};
    while (!chain.back().parent.empty()) {
        auto const& child = chain.back();
        auto const parent =
            std::find_if(all.begin(), all.end(), [&](auto const& one) { return one.label == child.parent; });
        bool const fits = parent != all.end() && parent->label < child.label && parent->start <= child.start &&
                          parent->history == child.history && parent->system_id == child.system_id &&
                          parent->version == child.version;
        if (!fits) return {};
        chain.push_back(*parent);
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
}

/// For `base/5/INCREMENTAL.1259`, which holds changes, the path of the file that they belong to; nothing for others.
/// Source: "Incremental Backup" in PostgreSQL's manual.
inline std::optional<std::string> changed_file(std::string_view path) {
    constexpr std::string_view mark = "INCREMENTAL.";
    auto const slash = path.rfind('/');
    auto const name = slash == path.npos ? path : path.substr(slash + 1);
    if (!name.starts_with(mark) || name.size() == mark.size()) return std::nullopt;
    return std::string{path.substr(0, path.size() - name.size())}.append(name.substr(mark.size()));
}

/// The files that there are once what a manifest names was applied.
inline std::vector<std::string> whole_files(backup_manifest const& of) {
    std::vector<std::string> paths;
    for (auto const& [path, file] : of.files)
        paths.push_back(changed_file(path).value_or(path));
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace walmgr
