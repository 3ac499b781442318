/// What lies in the folder that is received into, on its way to the repository.
#pragma once

#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/received_part.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace walmgr {
namespace detail {

/// How much of the segment that is being received is in its file. What was durable may end with zeros, and what came
/// behind may have become durable without a note.
inline std::uint64_t length_of_unfinished(file const& from, segment which, segment_size size,
                                          std::optional<wal_position> const& flushed) {
    auto const length = length_without_zeros(from);
    auto const begin = begin_of(which, size).bytes;
    bool const within = flushed && flushed->tli == which.tli && flushed->at.bytes > begin;
    return within ? std::max(length, std::min<std::uint64_t>(flushed->at.bytes - begin, size.bytes)) : length;
}

/// As it is named, or as its bytes say.
inline std::uint64_t length_of(file const& from, ended_segment const& one) {
    return one.length > 0 ? one.length : length_without_zeros(from);
}

void archive_ended(partial_folder const& folder, segment_size size, auto& archiver) {
    for (auto const& one : folder.list(size).ended) {
        auto const from = open_file(folder / one.file);
        if (!from.is_open()) continue;  // archived meanwhile
        auto const length = length_of(from, one);
        if (length == 0) folder.remove(one.file);  // nothing had come
        else archiver.add(one.file, received_part_name(one.which, size, length));
    }
}

}  // namespace detail

/// Hands over what an earlier process has left. @throws error  unavailable
void archive_left_behind(partial_folder const& folder, segment_size size, auto& archiver) {
    auto const local = folder.list(size);
    for (auto const tli : local.histories)
        archiver.add(history_name(tli), history_name(tli));
    detail::archive_ended(folder, size, archiver);
    for (auto const& one : local.whole)
        archiver.add(file_name(one, size), file_name(one, size));
}

/// Hands over what was being received, and will not be gone on with. @throws error  unavailable
void archive_unfinished(partial_folder const& folder, segment_size size, auto& archiver) {
    for (auto const& one : folder.list(size).unfinished) {
        auto const name = file_name(one, size) + std::string{partial_ending};
        auto const length = detail::length_of_unfinished(open_file(folder / name), one, size, folder.flushed());
        if (length == 0) folder.remove(name);  // nothing had come
        else folder.rename(name, received_part_name(one, size, length) + std::string{ended_ending});
    }
    detail::archive_ended(folder, size, archiver);
}

}  // namespace walmgr
