// Bodies of <pgq/policy/wait.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/wait.hpp>

namespace pgq::detail {

PGQ_INLINE std::chrono::milliseconds spread(std::chrono::milliseconds shortest, std::chrono::milliseconds longest,
                                            int idle) {
    return std::chrono::milliseconds{jittered(doubled(shortest.count(), longest.count(), idle - 1), 10)};
}

}  // namespace pgq::detail
