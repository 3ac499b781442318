/// Runs several consumers in one process, on one thread or on a few. Not for one: <pgq/runner.hpp>.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/error.hpp>
#include <pgq/libpq/sessions.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/run_options.hpp>
#include <pgq/stop.hpp>
#include <pgq/turns.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace pgq {

/// How many threads the consumers of a group share; the one that calls run() is among them.
struct threads {
    unsigned count = 1;
};

/// How one consumer of a group fared.
struct group_result {
    std::string queue{};
    std::string consumer{};
    run_report report{};
    std::exception_ptr failure{};  ///< what ended it before the others; null when a stop request did
};

namespace detail {

template <bool Fits, class Wait, class Db> struct checked_shared_wait {
    static_assert(Fits, "pgq::group needs wait policies with pause(db, idle) const, which tells how long to wait at "
                        "most, for the Wait and Db named above");
};

inline std::string text_of(std::exception_ptr const& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (std::exception const& known) { return on_one_line(known.what()); } catch (...) {
        return "something that is no std::exception";
    }
}

/// What the turns of one run share.
template <class Connect, class Trouble> class shared_run {
public:
    shared_run(Connect connect, std::stop_token token, run_options<Trouble> const& wanted)
        : options{wanted}, stop{std::move(token)}, late{stop, wanted.grace}, connect_{std::move(connect)} {}

    auto connect() { return connect_(); }
    void tell(group_result const& who, std::string const& what) {
        std::lock_guard const hold{mutex_};
        options.trouble(std::string_view{who.queue + '/' + who.consumer + ": " + what});
    }
    /// In the order of their failures.
    void failed(std::exception_ptr const& why) {
        std::lock_guard const hold{mutex_};
        if (!first_failure_) first_failure_ = why;
    }
    [[nodiscard]] std::exception_ptr const& first_failure() const { return first_failure_; }

    run_options<Trouble> const& options;
    std::stop_token const stop;
    late_stop const late;

private:
    Connect connect_;
    std::mutex mutex_{};
    std::exception_ptr first_failure_{};
};

/// A consumer's turn: one batch, or one look that finds none.
template <class Consumer, class Shared> class consumer_turn final : public turn {
    using session = decltype(std::declval<Shared&>().connect());
    using waiting = std::remove_cvref_t<decltype(std::declval<Consumer const&>().wait_policy())>;
    static constexpr bool fits = shared_wait_policy<waiting, session>;

public:
    consumer_turn(Consumer& consumer, Shared& shared, group_result& result)
        : consumer_{consumer}, shared_{shared}, result_{result}, waiting_{consumer.wait_policy()} {
        static_cast<void>(checked_shared_wait<fits, waiting, session>{});
    }

    std::optional<time> take() override {
        try {
            return look();
        } catch (stopped const&) {
            if (!shared_.stop.stop_requested()) throw;
            return time::max();
        } catch (error const& failure) {
            open_.reset();
            if (!failure.transient()) throw;
            auto const& options = shared_.options;
            auto const pause = pause_after(failures_++, options.first_pause, options.longest_pause);
            shared_.tell(result_, line_of(failure, pause));
            return std::chrono::steady_clock::now() + pause;
        }
    }

    [[nodiscard]] int socket() const noexcept override {
        if constexpr (hears()) return open_ ? open_->db.socket() : -1;
        else return -1;
    }

    void ended(std::exception_ptr why) noexcept override {
        open_.reset();
        result_.failure = why;
        shared_.failed(why);
        try {
            shared_.tell(result_, "this consumer has ended, the others go on: " + text_of(why));
        } catch (...) { return; }  // who listens to trouble has trouble; the failure is kept all the same
    }

private:
    struct open {  // made in place, since a session need not be movable
        session db;
        explicit open(Shared& shared) : db(shared.connect()) {}
    };

    static constexpr bool hears() {
        if constexpr (pollable<session>) {
            return requires(waiting const& w, session& db, std::string_view queue) { w.heard(db, queue); };
        } else {
            return false;
        }
    }

    std::optional<time> look() {
        if constexpr (!fits) return time::max();
        else {
            if (!open_) {
                open_ = std::make_unique<open>(shared_);
                ++result_.report.sessions;
                waiting_.prepare(open_->db);
                heed(open_->db, shared_.late.token());
                idle_ = 0;
            } else if (idle_ > 0 && std::chrono::steady_clock::now() < due_ && !heard()) {
                return due_;  // what came was for somebody else
            }
            auto const batch = consumer_.step(open_->db, shared_.late.token());
            failures_ = 0;
            if (batch) {
                ++result_.report.batches;
                result_.report.counts += batch->counts;
                idle_ = 0;
                return std::nullopt;
            }
            ++idle_;
            if (heard()) return std::nullopt;  // it came together with the answer that there was nothing
            return due_ = std::chrono::steady_clock::now() + waiting_.pause(open_->db, idle_);
        }
    }

    bool heard() {
        if constexpr (hears()) return waiting_.heard(open_->db, std::string_view{result_.queue});
        else return false;
    }

    Consumer& consumer_;
    Shared& shared_;
    group_result& result_;
    waiting waiting_;
    std::unique_ptr<open> open_{};
    time due_{};
    int idle_ = 0;
    int failures_ = 0;
};

}  // namespace detail

/// `group{billing, shipping}` or `group{threads{4}, billing, shipping}`. Keeps references to the consumers. Each has a
/// session of its own, takes one batch at a time in turn with the others, and is on one thread at a time, though not
/// always on the same one. Idle ones wait together: for the first NOTIFY or the first end of a pause.
///
/// What holds a thread holds it for all who share it: a long batch, or a host that does not answer (connect_timeout).
template <class... Consumers> class group {
    static_assert(sizeof...(Consumers) > 0, "pgq::group needs at least one consumer");

public:
    explicit group(Consumers&... consumers) : group{threads{}, consumers...} {}
    explicit group(threads wanted, Consumers&... consumers) : threads_{wanted}, consumers_{consumers...} {}

    /// Runs until a stop is requested or each consumer has failed; batches under way get `options.grace` to end.
    /// Transient trouble of one is its own: it opens a new session after a pause, and the others do not notice.
    /// A consumer that fails for good ends, `options.trouble` hears of it, and the others go on; the first such failure
    /// is thrown when all have ended. `trouble` is called by one thread at a time, `connect` by several.
    /// @throws what run() throws for one consumer
    template <session_factory Connect, class Trouble = trouble_to_stderr>
    std::vector<group_result> run(Connect connect, std::stop_token stop = {},
                                  run_options<Trouble> const& options = {}) {
        detail::shared_run<Connect, Trouble> shared{std::move(connect), stop, options};
        results_.assign(sizeof...(Consumers), {});
        auto const turns = make_turns(shared, std::index_sequence_for<Consumers...>{});
        detail::turns{turns, std::move(stop)}.run(threads_.count);
        if (shared.first_failure()) std::rethrow_exception(shared.first_failure());
        return results_;
    }

    /// The same, with sessions of libpq: `group{billing, shipping}.run("dbname=shop", stop_on_signals())`.
    template <class Trouble = trouble_to_stderr>
    std::vector<group_result> run(std::string const& conninfo, std::stop_token stop = {},
                                  run_options<Trouble> const& options = {}) {
        libpq::sessions const open{conninfo, {.stop = stop, .prepare_statements = options.prepare_statements}};
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
