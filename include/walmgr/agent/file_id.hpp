/// Whether a file still holds the bytes that were read from it, without reading them again.
#pragma once

#include <sys/stat.h>
#include <walmgr/file.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

namespace walmgr {

/// What the system notes of a file. Whatever is written to it, and whoever takes its name or its place on the disk,
/// changes `changed`, which nobody can set.
struct file_id {
    std::uint64_t device = 0;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::int64_t written = 0;  ///< nanoseconds since 1970
    std::int64_t changed = 0;  ///< nanoseconds since 1970

    friend bool operator==(file_id const&, file_id const&) = default;
};

/// @throws error  unavailable
inline file_id id_of(int descriptor) {
    struct stat found {};
    if (::fstat(descriptor, &found) != 0) refuse("cannot look at a file");
    constexpr std::int64_t second = 1'000'000'000;
    return {.device = found.st_dev,
            .number = found.st_ino,
            .bytes = static_cast<std::uint64_t>(found.st_size),
            .written = found.st_mtim.tv_sec * second + found.st_mtim.tv_nsec,
            .changed = found.st_ctim.tv_sec * second + found.st_ctim.tv_nsec};
}
/// Nothing when there is no such file. @throws error  unavailable
inline std::optional<file_id> id_of(std::string const& path) {
    auto const from = open_file(path);
    if (!from.is_open()) return std::nullopt;
    return id_of(from.descriptor());
}

/// How coarse the clock is that notes changes: two within one of its ticks may leave the same note.
inline constexpr std::chrono::milliseconds file_clock_tick{50};

/// Whether a change after `since` would show in the id: not when the last one is from the same tick of the clock.
inline bool shows_changes(file_id const& id, std::chrono::system_clock::time_point since) {
    auto const begin =
        std::chrono::duration_cast<std::chrono::nanoseconds>((since - file_clock_tick).time_since_epoch());
    return id.changed < begin.count();
}

/// Returns when a change of the file from now on would show, which may take a tick of that clock.
inline void let_settle(std::string const& path) {
    auto const id = id_of(path);
    if (!id || shows_changes(*id, std::chrono::system_clock::now())) return;
    std::this_thread::sleep_for(file_clock_tick + std::chrono::milliseconds{10});
}

/// For messages between processes of one machine.
inline std::string to_string(file_id const& id) {
    return std::to_string(id.device) + ' ' + std::to_string(id.number) + ' ' + std::to_string(id.bytes) + ' ' +
           std::to_string(id.written) + ' ' + std::to_string(id.changed);
}

}  // namespace walmgr
