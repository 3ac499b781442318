// Bodies of <pgq/stage/retry.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/stage/retry.hpp>

namespace pgq::detail {

PGQ_INLINE bool beyond_retry(std::exception const& failure, bool in_batch_transaction) {
    auto const* const known = dynamic_cast<error const*>(&failure);
    return known != nullptr &&
           (known->connection_lost() || (in_batch_transaction && known->transaction_aborted()) ||
            dynamic_cast<stopped const*>(known) != nullptr || dynamic_cast<fenced_error const*>(known) != nullptr);
}

PGQ_INLINE outcome failed(std::optional<std::chrono::seconds> delay, std::exception const& failure) {
    if (!delay) return dead_letter(failure.what());
    outcome result = retry_in(*delay);
    result.reason = failure.what();
    return result;
}

}  // namespace pgq::detail
