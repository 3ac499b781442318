/// Runs several consumers in one process, on one thread or on a few. Not for one: <pgq/runner.hpp>.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/consumer_turn.hpp>
#include <pgq/libpq/sessions.hpp>
#include <pgq/run_options.hpp>
#include <pgq/turns.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace pgq {

/// How many threads the consumers of a group share; the one that calls run() is among them.
struct threads {
    unsigned count = 1;
};

/// `group{billing, shipping}` or `group{threads{4}, billing, shipping}`. Keeps references to the consumers. Each has a
/// session of its own, takes one batch at a time in turn with the others, and is on one thread at a time, though not
/// always on the same one. Idle ones wait together: for the first NOTIFY or the first end of a pause.
///
/// What holds a thread holds it for all who share it: a long batch, or a host that does not answer (connect_timeout,
/// run_options::longest_silence).
template <class... Consumers> class group {
    static_assert(sizeof...(Consumers) > 0, "pgq::group needs at least one consumer");

public:
    explicit group(Consumers&... consumers) : group{threads{}, consumers...} {}
    explicit group(threads wanted, Consumers&... consumers) : threads_{wanted}, consumers_{consumers...} {}

    /// Runs until a stop is requested or each consumer has failed; batches under way get `options.grace` to end.
    /// Transient trouble of one is its own: it opens a new session after a pause, and the others do not notice.
    /// A consumer that fails for good ends, `options.trouble` hears of it, and the others go on; the first such failure
    /// is thrown when all have ended. `trouble` is called by one thread at a time, `connect` and the log by several.
    /// @throws what run() throws for one consumer
    template <session_factory Connect, class Trouble = trouble_to_stderr, class Log = no_log,
              class Metrics = no_metrics>
    std::vector<group_result> run(Connect connect, std::stop_token stop = {},
                                  run_options<Trouble, Log, Metrics> const& options = {}) {
        detail::shared_run<Connect, run_options<Trouble, Log, Metrics>> shared{std::move(connect), stop, options};
        results_.assign(sizeof...(Consumers), {});
        auto const turns = make_turns(shared, std::index_sequence_for<Consumers...>{});
        detail::turns{turns, std::move(stop)}.run(threads_.count);
        if (shared.first_failure()) std::rethrow_exception(shared.first_failure());
        return results_;
    }

    /// The same, with sessions of libpq: `group{billing, shipping}.run("dbname=shop", stop_on_signals())`.
    template <class Trouble = trouble_to_stderr, class Log = no_log, class Metrics = no_metrics>
    std::vector<group_result> run(std::string const& conninfo, std::stop_token stop = {},
                                  run_options<Trouble, Log, Metrics> const& options = {}) {
        libpq::sessions const open{conninfo,
                                   {.stop = stop,
                                    .longest_silence = options.longest_silence,
                                    .prepare_statements = options.prepare_statements}};
        return run(open, stop, options);
    }

    /// Of the last run, also when it threw, in the order of the consumers.
    [[nodiscard]] std::vector<group_result> const& results() const { return results_; }

private:
    template <class Shared, std::size_t... I> auto make_turns(Shared& shared, std::index_sequence<I...>) {
        std::vector<std::unique_ptr<detail::turn>> turns;
        auto const add = [&](auto& consumer, group_result& result) {
            result.queue = consumer.source().queue;
            result.consumer = consumer.source().consumer;
            turns.push_back(
                std::make_unique<detail::consumer_turn<std::remove_reference_t<decltype(consumer)>, Shared>>(
                    consumer, shared, result));
        };
        (add(std::get<I>(consumers_), results_[I]), ...);
        return turns;
    }

    threads threads_;
    std::tuple<Consumers&...> consumers_;
    std::vector<group_result> results_{};
};

template <class... Consumers> group(Consumers&...) -> group<Consumers...>;
template <class... Consumers> group(threads, Consumers&...) -> group<Consumers...>;

}  // namespace pgq
