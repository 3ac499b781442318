// Bodies of <pgq/metrics.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/metrics.hpp>

namespace pgq {

PGQ_INLINE void consumer_metrics::batch(batch_measure const& one) noexcept {
    batches.fetch_add(1, std::memory_order_relaxed);
    events.fetch_add(one.events, std::memory_order_relaxed);
    retried.fetch_add(one.retried, std::memory_order_relaxed);
    dead.fetch_add(one.dead, std::memory_order_relaxed);
    batch_seconds.observe(one.seconds);
    if (one.lag_seconds) lag_seconds.observe(*one.lag_seconds);
}

PGQ_INLINE consumer_metrics& metrics::of(std::string_view queue, std::string_view consumer) {
    std::lock_guard const hold{mutex_};
    for (auto& one : known_) {
        if (one.queue == queue && one.consumer == consumer) return one;
    }
    return known_.emplace_back(queue, consumer);
}

}  // namespace pgq
