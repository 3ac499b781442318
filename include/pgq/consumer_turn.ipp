// Bodies of <pgq/consumer_turn.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/consumer_turn.hpp>
#include <pgq/detail/inline.hpp>

namespace pgq::detail {

PGQ_INLINE std::string text_of(std::exception_ptr const& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (std::exception const& known) { return on_one_line(known.what()); } catch (...) {
        return "something that is no std::exception";
    }
}

}  // namespace pgq::detail
