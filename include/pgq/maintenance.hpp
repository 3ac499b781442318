/// Upkeep of one database's queues: rotation, due retries, vacuum, and what other schemas list with the server.
/// Not a loop and not a clock: whoever owns the session calls run() and retry() when it is time.
#pragma once

#include <pgq/error.hpp>
#include <pgq/sql/maintenance.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/sql/tick.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace pgq {

/// How maintenance() behaves.
struct maintenance_options {
    /// An operation that asks to be done again is done again for so long, then left to the next run.
    std::chrono::milliseconds patience{60'000};
};

namespace detail {
/// Key of the advisory lock of whoever maintains: "pgqmaint" in ASCII.
inline constexpr std::int64_t maintenance_lock = 0x7067'716d'6169'6e74;
}  // namespace detail

/// Works on a session without an open transaction: each operation is one of its own. Several on one database are safe,
/// one of them works at a time.
template <class Db> class maintenance {
    static_assert(transport<Db>, "pgq::maintenance needs a session as its first argument, see pgq::transport");

public:
    explicit maintenance(Db& db, maintenance_options options = {}) : db_{db}, options_{options} {}

    /// Does all that the server lists, in order, and returns how many operations were done. `failed(operation, error)`
    /// hears of each that was not; the others are done all the same. Nothing is done on a standby, or without PgQ.
    /// @throws connection_error, stopped; sql_error when there is no list to be had
    std::size_t run(auto const& failed) {
        return as_the_only_one([&] {
            std::size_t done = 0;
            for (auto const& operation : sql::maint_operations(db_)) {
                try {
                    auto const end = std::chrono::steady_clock::now() + options_.patience;
                    while (sql::perform(db_, operation) && std::chrono::steady_clock::now() < end) {}
                    ++done;
                } catch (sql_error const& refusal) {
                    if (refusal.connection_lost()) throw;
                    failed(operation, refusal);
                } catch (usage_error const& refusal) { failed(operation, refusal); }
            }
            return done;
        });
    }

    /// Puts all events back into their queues whose time for another delivery has come, and returns how many.
    /// @throws connection_error, stopped; sql_error with pgq 3.5 also when one of the queues is closed for inserts
    std::size_t retry() {
        auto const found = sql::look_around(db_);
        if (found.standby || !found.present) return 0;
        std::size_t moved = 0;
        while (auto const some = sql::maint_retry_events(db_))
            moved += static_cast<std::size_t>(some);
        return moved;
    }

private:
    std::size_t as_the_only_one(auto const& work) {
        auto const found = sql::look_around(db_);
        if (found.standby || !found.present || !sql::try_lead(db_, detail::maintenance_lock)) return 0;
        try {
            auto const done = work();
            sql::resign(db_, detail::maintenance_lock);
            return done;
        } catch (sql_error const& refusal) {
            if (!refusal.connection_lost()) sql::resign(db_, detail::maintenance_lock);
            throw;
        }
    }

    Db& db_;
    maintenance_options options_;
};

}  // namespace pgq
