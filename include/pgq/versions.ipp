// Bodies of <pgq/versions.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/versions.hpp>

namespace pgq::detail {

PGQ_INLINE void unknown_version(int version, int newest) {
    auto const text = [](int number) { return std::to_string(number); };
    throw decode_error{version > newest
                           ? "version " + text(version) + " is newer than " + text(newest) + ", the newest known here"
                           : "version " + text(version) + " is not known here any more"};
}

}  // namespace pgq::detail
