/// What the repository has of a cluster's log, without reading any of it.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <optional>
#include <string>

namespace walmgr {

/// Whether a whole segment is there. @throws error  from the store
bool has_segment(store auto const& where, cluster const& of, segment which) {
    auto const name = file_name(which, of.size);
    return where.open(object_name(of, *parse_wal_name(name), name)).has_value();
}

/// The last segment of the newest timeline that has any; nothing when there is none at all. Lists a few folders.
/// @throws error  from the store
std::optional<segment> newest_segment(store auto const& where, cluster const& of) {
    auto const timelines = where.list(wal_folder(of));
    for (auto tli = timelines.rbegin(); tli != timelines.rend(); ++tli) {
        if (tli->back() != '/') continue;
        auto const folder = wal_folder(of) + '/' + tli->substr(0, tli->size() - 1);
        auto const logs = where.list(folder);
        for (auto log = logs.rbegin(); log != logs.rend(); ++log) {
            if (log->back() != '/') continue;
            auto const objects = where.list(folder + '/' + log->substr(0, log->size() - 1));
            for (auto object = objects.rbegin(); object != objects.rend(); ++object) {
                auto const name = parse_wal_name(kept_file(*object));
                if (name && name->kind == wal_kind::segment) return segment_of(*name, of.size);
            }
        }
    }
    return std::nullopt;
}

}  // namespace walmgr
