/// What a run tells to a log and to metrics, in one place. With no_log and no_metrics each call is nothing: no text, no
/// clock, no branch. Not for users: <pgq/run_options.hpp> takes the two.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/log.hpp>
#include <pgq/metrics.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace pgq::detail {

template <log_sink Log, metrics_policy Metrics> class run_hooks {
    using recorder = decltype(std::declval<Metrics const&>().of(std::string_view{}, std::string_view{}));
    using steady = std::chrono::steady_clock;
    static constexpr bool measures = !std::same_as<recorder, std::nullptr_t>;
    static constexpr bool logs = !std::same_as<Log, no_log>;
    struct no_time {};

public:
    /// Keeps views of the names.
    run_hooks(Log const& log, Metrics const& metrics, std::string_view queue, std::string_view consumer)
        : log_{log}, queue_{queue}, consumer_{consumer}, recorder_{metrics.of(queue, consumer)} {}

    /// To be handed to batch() later.
    [[nodiscard]] auto start() const {
        if constexpr (measures || logs) return steady::now();
        else return no_time{};
    }

    void opened() const { say(log_level::info, "has a session"); }

    void batch(auto started, batch_report const& report) const {
        if constexpr (measures || logs) {
            std::chrono::duration<double> const took = steady::now() - started;
            if constexpr (measures) {
                batch_measure one{.events = report.counts.events,
                                  .retried = report.counts.retried,
                                  .dead = report.counts.dead,
                                  .seconds = took.count()};
                if (report.batch.age) one.lag_seconds = std::chrono::duration<double>{*report.batch.age + took}.count();
                recorder_->batch(one);
            }
            if (logs && log_.wants(log_level::debug)) {
                auto const milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
                say(log_level::debug,
                    "batch " + std::to_string(number(report.batch.id)) + ": " + std::to_string(report.counts.events) +
                        " events in " + std::to_string(milliseconds) + " ms, " + std::to_string(report.counts.retried) +
                        " handed back, " + std::to_string(report.counts.dead) + " set aside");
            }
        }
    }

    /// Something that a new session after a pause gets over.
    [[gnu::cold]] void trouble(std::string_view line) const {
        if constexpr (measures) recorder_->reconnect();
        say(log_level::warning, line);
    }
    /// Something that one should know and that needs no new session.
    void remark(std::string_view line) const { say(log_level::warning, line); }
    void failed(std::string_view line) const { say(log_level::error, line); }
    void ended() const { say(log_level::info, "has ended"); }

private:
    void say(log_level level, std::string_view what) const {
        if constexpr (logs) {
            if (!log_.wants(level)) return;
            log_.write(level, std::string{queue_}.append("/").append(consumer_).append(": ").append(what));
        }
    }

    Log const& log_;
    std::string_view queue_;
    std::string_view consumer_;
    [[no_unique_address]] recorder recorder_;
};

}  // namespace pgq::detail
