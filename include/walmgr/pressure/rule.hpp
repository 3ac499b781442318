/// A server's log that piles up in front of its archive, and what is to be done before the disk under it is full.
#pragma once

#include <sys/statvfs.h>
#include <walmgr/file.hpp>
#include <walmgr/visit_names.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr {

/// What is done with a file that cannot be stored.
enum class on_pressure {
    block,  ///< the server keeps it, whatever comes of that
    alarm,  ///< the same, and whoever can hear it is told while the disk fills
    drop    ///< the server may throw it away while the disk fills, which is noted: see <walmgr/pressure/dropped.hpp>
};

/// From where on the disk fills. Each limit that is not 0 is one.
struct pressure_rule {
    on_pressure action = on_pressure::block;
    std::uint64_t free_bytes = 0;           ///< when the file system of the log has less than that
    std::size_t backlog = 0;                ///< when more files than that wait to be archived
    std::chrono::milliseconds patience{0};  ///< so long a repository may take while it holds
};

/// How it stands.
struct log_pressure {
    std::uint64_t free_bytes = 0;  ///< for the server's user, with what the server will remove of itself
    std::size_t waiting = 0;       ///< files that it wants to have archived
    bool holds = false;            ///< whether a limit of the rule is passed
};

/// How many files a server wants to have archived; 0 where nobody knows. Costs one look through a folder.
/// @throws error  unavailable
inline std::size_t count_ready(std::string const& log_folder) {
    std::size_t count = 0;
    visit_names(log_folder + "/archive_status",
                [&](std::string_view name) { count += name.ends_with(".ready") ? 1U : 0U; });
    return count;
}

/// Looks at a server's log folder. `removable`: bytes there that the server has been told not to keep, and removes with
/// its next checkpoint; without them far more would be given up meanwhile than is needed. @throws error  unavailable
inline log_pressure measure_pressure(pressure_rule const& rule, std::string const& log_folder,
                                     std::uint64_t removable) {
    struct ::statvfs disk {};
    if (::statvfs(log_folder.c_str(), &disk) != 0) refuse("cannot look at the disk of " + log_folder);
    log_pressure found{.free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize + removable,
                       .waiting = count_ready(log_folder)};
    found.holds = (rule.free_bytes > 0 && found.free_bytes < rule.free_bytes) ||
                  (rule.backlog > 0 && found.waiting > rule.backlog);
    return found;
}

/// For people.
inline std::string to_string(log_pressure const& found) {
    return std::to_string(found.waiting) + " files wait to be archived, and the disk of the log has " +
           std::to_string(found.free_bytes) + " bytes free";
}

}  // namespace walmgr
