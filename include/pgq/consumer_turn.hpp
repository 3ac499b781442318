/// One consumer among several: its turn is one batch, or one look that finds none.
/// Not for users: <pgq/group.hpp> is.
#pragma once

#include <pgq/error.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/run_hooks.hpp>
#include <pgq/run_options.hpp>
#include <pgq/stop.hpp>
#include <pgq/transport.hpp>
#include <pgq/turns.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

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

std::string text_of(std::exception_ptr const& failure);

/// What the turns of one run share.
template <class Connect, class Options> class shared_run {
public:
    shared_run(Connect connect, std::stop_token token, Options const& wanted)
        : options{wanted}, stop{std::move(token)}, late{stop, wanted.grace}, connect_{std::move(connect)} {}

    auto connect() { return connect_(); }
    /// By one thread at a time.
    void tell(group_result const& who, std::string const& what) {
        std::lock_guard const hold{mutex_};
        detail::tell(options, who.queue + '/' + who.consumer + ": " + what);
    }
    /// In the order of their failures.
    void failed(std::exception_ptr const& why) {
        std::lock_guard const hold{mutex_};
        if (!first_failure_) first_failure_ = why;
    }
    [[nodiscard]] std::exception_ptr const& first_failure() const { return first_failure_; }

    Options const& options;
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
        : consumer_{consumer}, shared_{shared}, result_{result}, waiting_{consumer.wait_policy()},
          hooks_{shared.options.log, shared.options.metrics, result.queue, result.consumer} {
        static_cast<void>(checked_time<!simulated<session>, session>{});
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
            auto const pause = setbacks_.pause_after(failure);
            auto const line = line_of(failure, pause);
            shared_.tell(result_, line);
            hooks_.trouble(line);
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
            auto const line = "has ended, the others go on: " + text_of(why);
            shared_.tell(result_, line);
            hooks_.failed(line);
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
                hooks_.opened();
                heed(open_->db, shared_.stop);
                limit_silence(open_->db, setbacks_.silence());
                consumer_.start(open_->db);
                waiting_.prepare(open_->db);
                remark();
                heed(open_->db, shared_.late.token());
                idle_ = 0;
            } else if (idle_ > 0 && std::chrono::steady_clock::now() < due_ && !heard()) {
                return due_;  // what came was for somebody else
            }
            auto const started = hooks_.start();
            auto const batch = consumer_.step(open_->db, shared_.late.token());
            setbacks_.over();
            limit_silence(open_->db, setbacks_.silence());
            if (batch) {
                hooks_.batch(started, *batch);
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

    void remark() {
        auto const line = remark_of(waiting_, open_->db);
        if (line.empty() || std::exchange(remarked_, true)) return;
        shared_.tell(result_, std::string{line});
        hooks_.remark(line);
    }

    bool heard() {
        if constexpr (hears()) return waiting_.heard(open_->db, std::string_view{result_.queue});
        else return false;
    }

    Consumer& consumer_;
    Shared& shared_;
    group_result& result_;
    waiting waiting_;
    setbacks setbacks_{shared_.options};
    using options = std::remove_cvref_t<decltype(std::declval<Shared&>().options)>;
    run_hooks<decltype(options::log), decltype(options::metrics)> hooks_;
    std::unique_ptr<open> open_{};
    time due_{};
    int idle_ = 0;
    bool remarked_ = false;
};

}  // namespace detail

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/consumer_turn.ipp>
#endif
