/// What lies in the folder that is received into, on its way to the repository.
#pragma once

#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/wal_name.hpp>

#include <string>

namespace walmgr {
namespace detail {

void archive_ended(segment one, segment_size size, auto& archiver) {
    auto const name = file_name(one, size);
    archiver.add(name + std::string{ended_ending}, name + std::string{partial_ending});
}

}  // namespace detail

/// Hands over what an earlier process has left. @throws error  unavailable
void archive_left_behind(partial_folder const& folder, segment_size size, auto& archiver) {
    auto const local = folder.list(size);
    for (auto const tli : local.histories)
        archiver.add(history_name(tli), history_name(tli));
    for (auto const& one : local.ended)
        detail::archive_ended(one, size, archiver);
    for (auto const& one : local.whole)
        archiver.add(file_name(one, size), file_name(one, size));
}

/// Hands over what was being received, and will not be gone on with. @throws error  unavailable
void archive_unfinished(partial_folder const& folder, segment_size size, auto& archiver) {
    for (auto const& one : folder.list(size).unfinished) {
        auto const name = file_name(one, size);
        folder.rename(name + std::string{partial_ending}, name + std::string{ended_ending});
    }
    for (auto const& one : folder.list(size).ended)
        detail::archive_ended(one, size, archiver);
}

}  // namespace walmgr
