// Bodies of <pgq/source/coop_subscription.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/source/coop_subscription.hpp>

namespace pgq {

PGQ_INLINE fenced_error coop_subscription::lost(batch_id batch) const {
    return fenced_error{"batch " + std::to_string(number(batch)) + " of member " + detail::named(member) +
                        " of consumer " + detail::named(consumer) + " on queue " + detail::named(queue) +
                        " is not open any more: another member has taken it over"};
}

}  // namespace pgq
