// Bodies of <pgq/log.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/log.hpp>

namespace pgq {

PGQ_INLINE void log_to_stderr::write(log_level level, std::string_view line) const {
    auto const name = name_of(level);
    std::fprintf(stderr, "pgq: %.*s: %.*s\n", static_cast<int>(name.size()), name.data(), static_cast<int>(line.size()),
                 line.data());
}

}  // namespace pgq
