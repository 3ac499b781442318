/// When received log is made durable, and so reported to the server as flushed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace walmgr {

/// The end of each segment, and a server that asks before it goes down, are answered by a flush under every policy.
struct flush_policy {
    enum class when {
        segment,     ///< at the end of each segment only
        every,       ///< after so many bytes, or so long after the first byte that is not durable
        synchronous  ///< at once, together with all that has arrived meanwhile: for synchronous_standby_names
    };
    when kind = when::every;
    std::uint64_t bytes = std::uint64_t{4} << 20U;
    std::chrono::milliseconds delay{200};

    using instant = std::chrono::steady_clock::time_point;

    /// Whether to flush now, with `waiting` bytes written and not durable, before more is read.
    [[nodiscard]] bool due(std::uint64_t waiting, instant first, instant now) const {
        if (waiting == 0 || kind == when::segment) return false;
        return waiting >= bytes || (kind == when::every && now >= first + delay);
    }
    /// How long to wait for more. Nothing: as long as one likes.
    [[nodiscard]] std::optional<instant> latest(std::uint64_t waiting, instant first, instant now) const {
        if (waiting == 0 || kind == when::segment) return std::nullopt;
        return kind == when::synchronous ? now : first + delay;
    }
};

}  // namespace walmgr
