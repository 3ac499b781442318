// Bodies of <pgq/error.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/error.hpp>

#include <utility>

namespace pgq {

PGQ_INLINE error::error(std::string const& message) : std::runtime_error{message} {}

PGQ_INLINE error::error(std::string const& message, failure facts)
    : std::runtime_error{message}, facts_{std::move(facts)} {}

PGQ_INLINE stopped::stopped() : error{"stopped"} {}

}  // namespace pgq
