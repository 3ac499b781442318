/// Counters of what consumers do, as a monitoring system reads them. Not for measuring single events.
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {

/// Counts durations in fixed buckets, without locks. Bounds are in seconds and inclusive; a last bucket has none.
class histogram {
public:
    static constexpr std::array<double, 16> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                   0.5,   1,      2.5,   5,    10,    60,   600, 3600};

    /// Negative durations, as clocks of two machines may give, count as zero.
    void observe(double seconds) noexcept {
        double const counted = seconds > 0 ? seconds : 0;
        std::size_t at = 0;
        while (at < bounds.size() && bounds[at] < counted)
            ++at;
        counts_[at].fetch_add(1, std::memory_order_relaxed);
        nanoseconds_.fetch_add(static_cast<std::uint64_t>((counted < 1e9 ? counted : 1e9) * 1e9),
                               std::memory_order_relaxed);
    }

    /// Of the bucket `at`, without those below; `bounds.size()` is the one without a bound.
    [[nodiscard]] std::uint64_t count(std::size_t at) const noexcept {
        return counts_[at].load(std::memory_order_relaxed);
    }
    [[nodiscard]] double sum() const noexcept {
        return static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) * 1e-9;
    }

private:
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
    std::atomic<std::uint64_t> nanoseconds_ = 0;
};

/// What a run tells of one finished batch.
struct batch_measure {
    std::uint64_t events = 0;
    std::uint64_t retried = 0;  ///< events handed back
    std::uint64_t dead = 0;     ///< events set aside
    double seconds = 0;         ///< from asking for it to having finished it
    std::optional<double>
        lag_seconds{};  ///< from its last tick to having finished it; nothing where the server is not asked
};

/// The counters of one consumer. Each may be read and written by any thread at any time.
struct consumer_metrics {
    std::string const queue;
    std::string const consumer;
    std::atomic<std::uint64_t> batches = 0, events = 0, retried = 0, dead = 0;
    std::atomic<std::uint64_t> reconnects = 0;  ///< troubles that were got over by a new session
    histogram batch_seconds{};
    histogram lag_seconds{};

    consumer_metrics(std::string_view of_queue, std::string_view of_consumer)
        : queue{of_queue}, consumer{of_consumer} {}

    void batch(batch_measure const& one) noexcept;
    void reconnect() noexcept { reconnects.fetch_add(1, std::memory_order_relaxed); }
};

/// The counters of all consumers of a process. From any thread; only looking a consumer up takes a lock.
class metrics {
public:
    /// Counted from zero at its first mention; the reference lives as long as this object.
    consumer_metrics& of(std::string_view queue, std::string_view consumer);
    /// Calls `look(consumer_metrics const&)` for each, in the order of their first mention.
    void each(auto&& look) const {
        std::lock_guard const hold{mutex_};
        for (auto const& one : known_)
            look(one);
    }

private:
    mutable std::mutex mutex_{};
    std::list<consumer_metrics> known_{};
};

/// Receives what one consumer does: `batch(batch_measure)` and `reconnect()`.
template <class R>
concept metrics_recorder = requires(R& recorder, batch_measure const& one) {
    recorder.batch(one);
    recorder.reconnect();
};

/// Gives a pointer to the recorder for a consumer, once for each run; std::nullptr_t measures nothing.
template <class M>
concept metrics_policy = requires(M const& policy, std::string_view name) {
    { policy.of(name, name) } -> std::same_as<std::nullptr_t>;
} || requires(M const& policy, std::string_view name) {
    { *policy.of(name, name) } -> metrics_recorder;
};

/// Measures nothing; no clock is read.
struct no_metrics {
    static constexpr std::nullptr_t of(std::string_view, std::string_view) { return nullptr; }
};

/// Counts in a `metrics` that the caller keeps: `count_in{counted}`.
class count_in {
public:
    explicit count_in(metrics& into) : into_{&into} {}
    [[nodiscard]] consumer_metrics* of(std::string_view queue, std::string_view consumer) const {
        return &into_->of(queue, consumer);
    }

private:
    metrics* into_;
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/metrics.ipp>
#endif
