/// The time of a server in memory: it moves when a test says so, and never by itself.
#pragma once

#include <pgq/timestamp.hpp>

#include <chrono>

namespace pgq::testing {

/// Begins at 2030-01-01 00:00:00 UTC. What the server counts in time follows it: retries, lags, settings of the ticker,
/// silence of cooperating members. The framework's own pauses do not; see <pgq/testing/run.hpp>.
class virtual_clock {
public:
    [[nodiscard]] timestamp now() const { return now_; }

    /// Goes on by `step`, also backwards, as clocks of servers do.
    void advance(std::chrono::microseconds step) { now_.microseconds += step.count(); }

    /// Jumps to `time`.
    void set(timestamp time) { now_ = time; }

private:
    static constexpr std::int64_t days_from_2000_to_2030 = 10'958;

    timestamp now_{std::chrono::microseconds{std::chrono::days{days_from_2000_to_2030}}.count()};
};

}  // namespace pgq::testing
