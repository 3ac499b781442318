/// Which segments a server has given free to be archived and that are not yet.
#pragma once

#include <unistd.h>
#include <walmgr/visit_names.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// The names of the first `most` segments, oldest first, that the folder `archive_status` of a server's log lists as
/// ready. None where there is no such folder: then nobody knows. Costs one look through it, however many there are.
/// @throws error  unavailable
inline std::vector<std::string> ready_segments(std::string const& log_folder, std::size_t most) {
    std::vector<std::string> oldest;  // a heap, the newest of them on top
    visit_names(log_folder + "/archive_status", [&](std::string_view text) {
        constexpr std::string_view ending = ".ready";
        if (!text.ends_with(ending)) return;
        text.remove_suffix(ending.size());
        auto const name = parse_wal_name(text);
        if (!name || name->kind != wal_kind::segment) return;
        if (oldest.size() == most && (most == 0 || text >= oldest.front())) return;
        if (oldest.size() == most) {
            std::pop_heap(oldest.begin(), oldest.end());
            oldest.pop_back();
        }
        oldest.emplace_back(text);
        std::push_heap(oldest.begin(), oldest.end());
    });
    std::sort_heap(oldest.begin(), oldest.end());
    return oldest;
}

/// Whether a segment is listed as ready; false for no name.
inline bool is_ready(std::string const& log_folder, std::optional<std::string> const& name) {
    return name && ::access((log_folder + "/archive_status/" + *name + ".ready").c_str(), F_OK) == 0;
}

}  // namespace walmgr
