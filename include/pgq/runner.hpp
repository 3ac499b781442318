/// Runs a consumer on and on: waits for batches, opens a new session after trouble, ends on a stop request.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/error.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/stop.hpp>
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
    void operator()(std::string_view line) const {
        std::fprintf(stderr, "pgq: %.*s\n", static_cast<int>(line.size()), line.data());
    }
};

/// How run() behaves. `trouble(std::string_view)` hears of each failure that run() gets over, and of nothing else.
template <class Trouble = trouble_to_stderr> struct run_options {
    std::chrono::milliseconds grace{5000};       ///< how long a batch may go on after a stop request
    std::chrono::milliseconds first_pause{100};  ///< before a new session is opened; doubles up to longest_pause
    std::chrono::milliseconds longest_pause{10'000};
    bool prepare_statements =
        true;  ///< off behind a pooler that hands the server session to others between transactions
    Trouble trouble{};
};

/// What a run has done.
struct run_report {
    std::uint64_t batches = 0;
    std::uint64_t sessions = 0;  ///< opened
    verdict_counts counts{};
};

namespace detail {

inline std::string line_of(error const& failure, std::chrono::milliseconds pause) {
    std::string text = failure.what();
    for (char& c : text) {
        if (c == '\n') c = ' ';
    }
    if (!failure.state().view().empty()) text += " (SQLSTATE " + std::string{failure.state().view()} + ')';
    return text + "; trying again in " + std::to_string(pause.count()) + " ms";
}

template <bool Fits, class Wait, class Db> struct checked_wait {
    static_assert(Fits,
                  "pgq: a wait policy has prepare(db) const and wait(db, queue, idle, stop_token) const, for the Wait "
                  "and Db named above");
};

template <class Db> void heed(Db& db, std::stop_token token) {
    if constexpr (stoppable<Db>) db.stop_token(std::move(token));
}

/// As long as the session lives and no stop is requested.
template <class Consumer, class Db>
void serve(Consumer& consumer, Db& db, std::stop_token const& stop, std::stop_token const& late, run_report& report,
           int& failures) {
    auto const waiting = consumer.wait_policy();
    static_cast<void>(checked_wait<wait_policy<std::remove_const_t<decltype(waiting)>, Db>, decltype(waiting), Db>{});
    heed(db, stop);
    waiting.prepare(db);
    int idle = 0;
    while (!stop.stop_requested()) {
        heed(db, late);
        auto const batch = consumer.step(db, late);
        failures = 0;
        if (batch) {
            ++report.batches;
            report.counts += batch->counts;
            idle = 0;
        } else {
            heed(db, stop);
            waiting.wait(db, consumer.source().queue, ++idle, stop);
        }
    }
}

}  // namespace detail

/// Runs until a stop is requested; a batch under way gets `options.grace` to end, then it is left to be delivered
/// again. After transient trouble a new session is opened, after longer and longer pauses.
/// @throws what does not go away by itself: usage_error, fenced_error, refusals by the server, what the handler throws
template <class Consumer, session_factory Connect, class Trouble = trouble_to_stderr>
run_report run(Consumer& consumer, Connect connect, std::stop_token stop = {},
               run_options<Trouble> const& options = {}) {
    late_stop const late{stop, options.grace};
    run_report report;
    for (int failures = 0; !stop.stop_requested();) {
        try {
            auto db = connect();
            ++report.sessions;
            detail::serve(consumer, db, stop, late.token(), report, failures);
        } catch (stopped const&) {
            if (!stop.stop_requested()) throw;
        } catch (error const& failure) {
            if (!failure.transient()) throw;
            std::chrono::milliseconds const pause{detail::jittered(
                detail::doubled(options.first_pause.count(), options.longest_pause.count(), failures++), 20)};
            options.trouble(std::string_view{detail::line_of(failure, pause)});
            detail::sleep_until(std::chrono::steady_clock::now() + pause, stop);
        }
    }
    return report;
}

/// The same, with sessions of libpq: `run(billing, "dbname=shop", stop_on_signals())`.
template <class Consumer, class Trouble = trouble_to_stderr>
run_report run(Consumer& consumer, std::string const& conninfo, std::stop_token stop = {},
               run_options<Trouble> const& options = {}) {
    return run(
        consumer,
        [&] {
            return libpq::connection{conninfo, {.stop = stop, .prepare_statements = options.prepare_statements}};
        },
        stop, options);
}

}  // namespace pgq
