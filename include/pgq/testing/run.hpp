/// Runs a consumer to the end of its work in virtual time.
#pragma once

#include <pgq/error.hpp>
#include <pgq/testing/server.hpp>
#include <pgq/verdicts.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pgq::testing {

/// When run_until_idle() takes it that a consumer would go on for ever.
struct run_limits {
    std::chrono::hours time{24 * 365};  ///< of the virtual clock
    std::size_t batches = 10'000;
    std::size_t troubles = 100;
};

/// What such a run has done.
struct idle_report {
    std::uint64_t batches = 0;
    std::uint64_t sessions = 0;  ///< opened
    verdict_counts counts{};
    std::vector<std::string> troubles{};  ///< messages of the transient failures that were got over
};

/// As pgq::run() would: batch after batch, in a new session after transient trouble. Where that would wait, time
/// passes: new events are ticked, retries come when they are due. Returns when nothing more will come by itself. Never
/// sleeps, and does not ask the consumer's wait policy.
/// @throws usage_error  when a limit is passed, and else what pgq::run() throws
template <class Consumer> idle_report run_until_idle(Consumer& consumer, server& db, run_limits limits = {}) {
    idle_report report;
    auto const end = timestamp{db.clock().now().microseconds + std::chrono::microseconds{limits.time}.count()};
    for (;;) {
        try {
            auto session = db.connect();
            ++report.sessions;
            consumer.start(session);
            do {
                while (auto const batch = consumer.step(session)) {
                    report.counts += batch->counts;
                    if (++report.batches > limits.batches) {
                        throw usage_error{"the consumer is still busy after " + std::to_string(limits.batches) +
                                          " batches: does it retry an event for ever?"};
                    }
                }
                if (db.clock().now() > end) {
                    throw usage_error{"the consumer is still busy after " + std::to_string(limits.time.count()) +
                                      " hours of virtual time: does it retry an event for ever?"};
                }
            } while (db.pass_time());
            return report;
        } catch (error const& failure) {
            if (!failure.transient() || report.troubles.size() >= limits.troubles) throw;
            report.troubles.emplace_back(failure.what());
        }
    }
}

}  // namespace pgq::testing
