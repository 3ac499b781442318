/// How gaps are shown, to people and to programs.
#pragma once

#include "under_pressure.hpp"

#include <common/json.hpp>
#include <common/status.hpp>

#include <walmgr/gap.hpp>
#include <walmgr/missing_log.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {

inline apps::json_members facts_of(walmgr::wal_gap const& gap, walmgr::segment_size size) {
    return {{"first", file_name({gap.tli, gap.first}, size)},
            {"last", file_name({gap.tli, gap.last}, size)},
            {"segments", gap.count()}};
}

/// A note of somebody, which ends with a line.
inline std::string note_line(std::string_view text) {
    return apps::one_line(text.substr(0, text.find_last_not_of('\n') + 1));
}

/// What was dropped on this machine, and no repository knows of yet.
inline std::vector<walmgr::dropped_file> dropped_here(config const& settings) {
    auto const notes = dropped_log_of(settings);
    std::vector<walmgr::dropped_file> found;
    for (auto const& name : notes.names()) {
        if (auto one = notes.find(name)) found.push_back(std::move(*one));
    }
    return found;
}

}  // namespace walmgr_app
