/// How a backup is cut into parts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace walmgr {

/// How much is done at a time.
struct part_limits {
    unsigned workers = 2;                          ///< threads that pack, and parts under way
    std::size_t waiting = std::size_t{64} << 20U;  ///< bytes that wait for each of them, at most
    std::size_t block = std::size_t{1} << 20U;     ///< bytes that are handed over at once
};

/// Where raw bytes of a backup are cut into parts: in front of the first member that begins behind so many.
inline constexpr std::uint64_t usual_part_size = std::uint64_t{128} << 20U;

}  // namespace walmgr
