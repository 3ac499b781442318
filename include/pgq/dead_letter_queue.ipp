// Bodies of <pgq/dead_letter_queue.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/dead_letter_queue.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq::detail {

PGQ_INLINE std::string array_of(std::span<std::int64_t const> ids) {
    std::string out = "{";
    for (auto const id : ids) {
        if (out.size() > 1) out += ',';
        out += std::to_string(id);
    }
    return out += '}';
}

}  // namespace pgq::detail
