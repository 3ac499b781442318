/// How sizes are told.
#pragma once

#include <cstdint>
#include <string>

namespace walmgr_app {

/// Bytes as `12 MB`, rounded.
inline std::string megabytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1U << 19U)) >> 20U) + " MB";
}

}  // namespace walmgr_app
