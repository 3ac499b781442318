/// The ticker of one database: cuts the stream of events into batches. One is active per database, others stand by.
/// Not for rotation and retries: <pgq/maintenance.hpp>; not a loop: whoever owns the session calls step().
#pragma once

#include <pgq/error.hpp>
#include <pgq/policy/wakeup.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/sql/tick.hpp>
#include <pgq/transport.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgq {

/// How a ticker behaves. All times are its own steady clock's, none the server's.
struct ticker_options {
    std::chrono::milliseconds period{1'000};   ///< between two passes: queues by their settings, delayed events
    wakeup_options wakeup{};                   ///< ticks on demand between the passes
    std::chrono::milliseconds standby{1'000};  ///< between two looks whether there is something to do here at all
};

/// What a ticker has found itself to be.
enum class ticker_role {
    unknown,      ///< step() was not called yet
    missing_pgq,  ///< the database has no PgQ
    old_pgq,      ///< it has, of a version before 3
    standby,      ///< the server is in recovery
    second,       ///< another ticker works on this database; this one takes over when that goes
    active
};

namespace detail {

/// The number before the first dot; 0 for anything else.
inline int major_version(std::string_view version) {
    int major = 0;
    for (char const c : version) {
        if (c < '0' || c > '9' || major > 9'999) break;
        major = major * 10 + (c - '0');
    }
    return major;
}

/// Key of the advisory lock of the active ticker: "pgq_tick" in ASCII.
inline constexpr std::int64_t ticker_lock = 0x7067'715f'7469'636b;

}  // namespace detail

/// Works on a session of its own, which must not be shared: the lock that makes it the active one belongs to the
/// session and goes with it. So after a connection_error make a new one on a new session.
template <class Db> class ticker {
    static_assert(transport<Db>, "pgq::ticker needs a session as its first argument, see pgq::transport");

public:
    using time = std::chrono::steady_clock::time_point;

    explicit ticker(Db& db, ticker_options options = {}) : db_{db}, options_{options}, wakeup_{db, options.wakeup} {}

    /// Does what is due at `now` and returns when to call again. `failed(queue, error)` hears of each queue that could
    /// not be ticked; the others are ticked all the same.
    /// @throws connection_error, stopped; sql_error when the database as a whole refuses
    time step(time now, auto const& failed) {
        if (role_ != ticker_role::active) {
            role_ = find_role();
            if (role_ != ticker_role::active) return now + options_.standby;
            next_pass_ = now;
        }
        if (now >= next_pass_) {
            pass(now, failed);
            next_pass_ = now + options_.period;
        }
        if (!on_demand_) return next_pass_;
        if (now >= wakeup_.next()) demanded_ += wakeup_.look(now, failed);
        return std::min(next_pass_, wakeup_.next());
    }

    /// What this ticker does at present: works, stands by, or has nothing to do.
    [[nodiscard]] ticker_role role() const { return role_; }
    /// The version that was found; empty when unknown.
    [[nodiscard]] std::string const& version() const { return version_; }
    /// True when queues are ticked at once, not only by passes.
    [[nodiscard]] bool on_demand() const { return on_demand_; }
    /// Passes made so far.
    [[nodiscard]] std::uint64_t passes() const { return passes_; }
    /// Ticks made so far between passes.
    [[nodiscard]] std::uint64_t demanded() const { return demanded_; }

private:
    ticker_role find_role() {
        auto const found = sql::look_around(db_);
        if (found.standby) return ticker_role::standby;
        if (!found.present) return ticker_role::missing_pgq;
        version_ = sql::version(db_).value_or("");
        // A PgQ that was not installed as an extension cannot tell its version, but it is none of the old ones.
        if (!version_.empty() && detail::major_version(version_) < 3) return ticker_role::old_pgq;
        if (!sql::try_lead(db_, detail::ticker_lock)) return ticker_role::second;
        on_demand_ = found.ticks_on_demand && options_.wakeup.shortest.count() > 0;
        return ticker_role::active;
    }

    void pass(time now, auto const& failed) {
        try {
            sql::tick_all(db_);
        } catch (sql_error const& refusal) {
            if (refusal.connection_lost()) throw;
            tick_each(failed);
        }
        ++passes_;
        if (!on_demand_) return;
        deliver_delayed(failed);
        wakeup_.refresh(now);
    }

    /// Retries are minutes apart by default, and who asked for five seconds meant them.
    void deliver_delayed(auto const& failed) {
        constexpr int most_calls = 20;  // then it is the ticks' turn again
        try {
            for (int call = 0; call < most_calls && sql::move_delayed_events(db_) > 0;)
                ++call;
        } catch (sql_error const& refusal) {
            if (refusal.connection_lost()) throw;
            failed(std::string_view{"(delayed events)"}, refusal);
        }
    }

    /// With pgq 3.5 a queue that fails keeps a pass from ticking the others.
    void tick_each(auto const& failed) {
        for (auto const& queue : sql::ticked_queues(db_)) {
            try {
                sql::tick_queue(db_, queue.name);
            } catch (sql_error const& refusal) {
                if (refusal.connection_lost()) throw;
                failed(std::string_view{queue.name}, refusal);
            }
        }
    }

    Db& db_;
    ticker_options options_;
    wakeup<Db> wakeup_;
    ticker_role role_ = ticker_role::unknown;
    std::string version_{};
    bool on_demand_ = false;
    time next_pass_{};
    std::uint64_t passes_ = 0;
    std::uint64_t demanded_ = 0;
};

}  // namespace pgq
