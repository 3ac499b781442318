/// Runs a consumer on and on: waits for batches, opens a new session after trouble, ends on a stop request.
/// Several in one process: <pgq/group.hpp>.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/error.hpp>
#include <pgq/libpq/sessions.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/run_hooks.hpp>
#include <pgq/run_options.hpp>
#include <pgq/stop.hpp>

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

namespace detail {

/// As long as the session lives and no stop is requested.
template <class Consumer, class Db, class Hooks, class Remark>
void serve(Consumer& consumer, Db& db, std::stop_token const& stop, std::stop_token const& late, run_report& report,
           setbacks& trouble, Hooks const& hooks, Remark const& remark) {
    auto const waiting = consumer.wait_policy();
    heed(db, stop);
    limit_silence(db, trouble.silence());
    consumer.start(db);
    waiting.prepare(db);
    remark(waiting, db);
    int idle = 0;
    while (!stop.stop_requested()) {
        heed(db, late);
        auto const started = hooks.start();
        auto const batch = consumer.step(db, late);
        trouble.over();
        limit_silence(db, trouble.silence());
        if (batch) {
            hooks.batch(started, *batch);
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
/// again. After transient trouble a new session is opened, after longer and longer pauses; each is started, see
/// consumer::start(). Not for sessions with a server in memory.
/// @throws what does not go away by itself: usage_error, fenced_error, refusals by the server, what the handler throws
template <class Consumer, session_factory Connect, class Trouble = trouble_to_stderr, class Log = no_log,
          class Metrics = no_metrics>
run_report run(Consumer& consumer, Connect connect, std::stop_token stop = {},
               run_options<Trouble, Log, Metrics> const& options = {}) {
    using session = std::invoke_result_t<Connect&>;
    using how_to_wait = decltype(consumer.wait_policy());
    constexpr bool fits = wait_policy<how_to_wait, session>;
    static_cast<void>(detail::checked_time<!simulated<session>, Connect>{});
    static_cast<void>(detail::checked_wait<fits, how_to_wait, session>{});
    late_stop const late{stop, options.grace};
    detail::run_hooks const hooks{options.log, options.metrics, consumer.source().queue, consumer.source().consumer};
    run_report report;
    bool remarked = false;
    auto const remark = [&](auto const& waiting, auto& db) {
        auto const line = detail::remark_of(waiting, db);
        if (line.empty() || std::exchange(remarked, true)) return;
        detail::tell(options, line);
        hooks.remark(line);
    };
    detail::setbacks setbacks{options};
    while (!stop.stop_requested()) {
        try {
            auto db = connect();
            ++report.sessions;
            hooks.opened();
            if constexpr (fits) detail::serve(consumer, db, stop, late.token(), report, setbacks, hooks, remark);
        } catch (stopped const&) {
            if (!stop.stop_requested()) throw;
        } catch (error const& failure) {
            if (!failure.transient()) throw;
            auto const pause = setbacks.pause_after(failure);
            auto const line = detail::line_of(failure, pause);
            detail::tell(options, line);
            hooks.trouble(line);
            detail::sleep_until(std::chrono::steady_clock::now() + pause, stop);
        }
    }
    hooks.ended();
    return report;
}

/// The same, with sessions of libpq: `run(billing, "dbname=shop", stop_on_signals())`.
template <class Consumer, class Trouble = trouble_to_stderr, class Log = no_log, class Metrics = no_metrics>
run_report run(Consumer& consumer, std::string const& conninfo, std::stop_token stop = {},
               run_options<Trouble, Log, Metrics> const& options = {}) {
    libpq::sessions const open{
        conninfo,
        {.stop = stop, .longest_silence = options.longest_silence, .prepare_statements = options.prepare_statements}};
    return run(consumer, open, stop, options);
}

}  // namespace pgq
