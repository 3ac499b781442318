// Bodies of <pgq/turns.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/turns.hpp>

namespace pgq::detail {

PGQ_INLINE alarm_bell::alarm_bell() : event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (event_ < 0) throw error{"no file descriptor is left: " + std::generic_category().message(errno)};
}

PGQ_INLINE void alarm_bell::ring() const noexcept {
    std::uint64_t const one = 1;
    // The only failure is a counter that is full, and then it rings anyway.
    [[maybe_unused]] auto const written = ::write(event_, &one, sizeof one);
}

PGQ_INLINE void alarm_bell::silence() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] auto const read = ::read(event_, &count, sizeof count);
}

}  // namespace pgq::detail
