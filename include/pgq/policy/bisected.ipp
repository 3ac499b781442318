// Bodies of <pgq/policy/bisected.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/bisected.hpp>

namespace pgq::detail {

PGQ_INLINE std::string worker_name() {
    std::uint64_t chance = 0;
    if (::getentropy(&chance, sizeof chance) != 0) throw error{"the system gives no random numbers"};
    return std::to_string(::getpid()) + '-' + std::to_string(chance);
}

}  // namespace pgq::detail
