/// What runs of consumers have in common: how they behave in trouble, and what they tell at the end.
/// Not for running: <pgq/runner.hpp> for one consumer, <pgq/group.hpp> for several.
#pragma once

#include <pgq/error.hpp>
#include <pgq/log.hpp>
#include <pgq/metrics.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/transport.hpp>
#include <pgq/verdicts.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

/// Opens a session, anew after each loss. Without arguments; called on the thread that runs the consumer.
template <class F> concept session_factory = std::invocable<F&> && transport<std::invoke_result_t<F&>>;

/// Writes one line to standard error for each trouble.
struct trouble_to_stderr {
    void operator()(std::string_view line) const;
};

/// How a run behaves. `trouble(std::string_view)` hears of each failure that the run gets over, and of what keeps it
/// from working as well as it could. With a log, which hears of these as warnings, the default `trouble` is silent.
template <class Trouble = trouble_to_stderr, class Log = no_log, class Metrics = no_metrics> struct run_options {
    static_assert(log_sink<Log>, "pgq::run_options: a log has wants(log_level) const and write(log_level, string_view) "
                                 "const, for the Log named above");
    static_assert(metrics_policy<Metrics>, "pgq::run_options: metrics have of(queue, consumer) const, which gives a "
                                           "pointer to a recorder, for the Metrics named above");

    std::chrono::milliseconds grace{5000};       ///< how long a batch may go on after a stop request
    std::chrono::milliseconds first_pause{100};  ///< before a new session is opened; doubles up to longest_pause
    std::chrono::milliseconds longest_pause{10'000};
    /// How long the server may say nothing to a statement of the run itself: look, read, verdicts, finish, commit. Then
    /// the session is given up and a new one opened. Each piece of an answer begins it anew. When it has passed it
    /// doubles for the next try, sixteen-fold at most, until one succeeds: a slow server gets done at last. Statements
    /// of handlers take as long as they take. Zero waits for ever.
    std::chrono::milliseconds longest_silence{30'000};
    bool prepare_statements = true;  ///< where a pooler stands between they are not prepared in any case
    Trouble trouble{};
    [[no_unique_address]] Log log{};
    [[no_unique_address]] Metrics metrics{};

    /// The same with a log: `run_options<>{.grace = 1s}.with_log(log_to_stderr{})`.
    template <class Sink> [[nodiscard]] run_options<Trouble, Sink, Metrics> with_log(Sink sink) const {
        return {grace,   first_pause,     longest_pause, longest_silence, prepare_statements,
                trouble, std::move(sink), metrics};
    }
    /// The same with metrics: `run_options<>{}.with_metrics(count_in{counted})`.
    template <class Policy> [[nodiscard]] run_options<Trouble, Log, Policy> with_metrics(Policy policy) const {
        return {grace,   first_pause, longest_pause,    longest_silence, prepare_statements,
                trouble, log,         std::move(policy)};
    }
};

/// What a run has done.
struct run_report {
    std::uint64_t batches = 0;
    std::uint64_t sessions = 0;  ///< opened
    verdict_counts counts{};
};

namespace detail {

/// A message of several lines in one.
[[gnu::cold]] std::string on_one_line(std::string text);

[[gnu::cold]] std::string line_of(error const& failure, std::chrono::milliseconds pause);

/// What has gone wrong in a row, and how long to wait because of it.
class setbacks {
public:
    template <class Trouble, class Log, class Metrics>
    explicit setbacks(run_options<Trouble, Log, Metrics> const& options)
        : first_pause_{options.first_pause}, longest_pause_{options.longest_pause}, silence_{options.longest_silence} {}

    /// Counts one more. @return how long to wait before the next try
    [[gnu::cold]] std::chrono::milliseconds pause_after(error const& failure);
    void over() noexcept { failures_ = unanswered_ = 0; }
    /// How long the server may say nothing. It doubles with each statement whose answer did not come: where the server
    /// is only slow, the same statement gets through at last.
    [[nodiscard]] std::chrono::milliseconds silence() const { return unanswered_ == 0 ? silence_ : longer_silence(); }

private:
    [[nodiscard, gnu::cold]] std::chrono::milliseconds longer_silence() const;

    std::chrono::milliseconds first_pause_;
    std::chrono::milliseconds longest_pause_;
    std::chrono::milliseconds silence_;
    int failures_ = 0;
    int unanswered_ = 0;
};

/// Tells of trouble unless the log does.
template <class Trouble, class Log, class Metrics>
void tell(run_options<Trouble, Log, Metrics> const& options, std::string_view line) {
    if constexpr (!std::same_as<Trouble, trouble_to_stderr> || std::same_as<Log, no_log>) options.trouble(line);
}

template <bool Fits, class Db> struct checked_time {
    static_assert(Fits, "pgq::run and pgq::group wait for time to pass, which it does not for a server in memory: use "
                        "pgq::testing::run_until_idle(consumer, server)");
};

template <bool Fits, class Wait, class Db> struct checked_wait {
    static_assert(Fits,
                  "pgq: a wait policy has prepare(db) const and wait(db, queue, idle, stop_token) const, for the Wait "
                  "and Db named above");
};

/// What a wait policy that has something to say says about a session; empty for none.
template <class Db> std::string_view remark_of(auto const& waiting, Db& db) {
    if constexpr (requires { waiting.remark(db); }) return waiting.remark(db);
    else return {};
}

template <class Db> void heed(Db& db, std::stop_token token) {
    if constexpr (stoppable<Db>) db.stop_token(std::move(token));
}

template <class Db> void limit_silence(Db& db, std::chrono::milliseconds limit) {
    if constexpr (impatient<Db>) db.longest_silence(limit);
}

}  // namespace detail
}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/run_options.ipp>
#endif
