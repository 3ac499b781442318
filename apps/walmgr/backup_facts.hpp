/// What programs are told of a backup, under the same names wherever it is told.
#pragma once

#include "result.hpp"

#include <common/json.hpp>

#include <walmgr/backup/record.hpp>
#include <walmgr/backup/wal_arrival.hpp>

#include <cstdint>
#include <string>

namespace walmgr_app {

inline apps::json json_of(walmgr::kept_config const& one) {
    return {{"config_file", one.places.config},
            {"files", one.part ? one.part->files : 0},
            {"missing", apps::json::list(one.missing, [](walmgr::missing_config const& file) {
                 return apps::json{{"path", file.path}, {"why", file.why}};
             })}};
}

inline apps::json_members facts_of(walmgr::backup_record const& one) {
    auto const log = segments_between(one.tli, one.start, one.stop, one.size);
    return {{"label", one.label},
            {"kind", walmgr::detail::name_of(one.kind)},
            {"parent", one.parent.empty() ? apps::json{nullptr} : apps::json{one.parent}},
            {"version", one.version},
            {"started", one.started},
            {"stopped", one.stopped},
            {"timeline", static_cast<std::uint32_t>(one.tli)},
            {"start_lsn", to_string(one.start)},
            {"stop_lsn", to_string(one.stop)},
            {"first_segment", file_name(log.first, one.size)},
            {"last_segment", file_name(log.last, one.size)},
            {"raw_size", raw_size_of(one)},
            {"stored_size", stored_size_of(one)},
            {"checksums", one.checksums},
            {"taken_of", one.of_standby ? "standby" : "primary"},
            {"tablespaces", one.tablespaces.size()},
            {"annotation", one.annotation},
            {"configuration", one.configuration ? json_of(*one.configuration) : apps::json{nullptr}}};
}

/// Tells of a backup that was taken; nothing of it is known before.
inline void tell_backup(walmgr::backup_record const* taken, std::string const& repository) {
    auto& told = result();
    for (auto const& [name, value] : facts_of(taken != nullptr ? *taken : walmgr::backup_record{}))
        told.set(name, taken != nullptr ? value : apps::json{nullptr});
    told.set("parts", taken != nullptr ? apps::json{taken->parts.size()} : apps::json{nullptr});
    told.set("repository", repository);
    told.has({"resumed"});
}

}  // namespace walmgr_app
