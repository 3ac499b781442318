/// Source of batches for one of several processes that share the work of one consumer. Each gets batches of its own;
/// order holds within a batch only. Needs the extension pgq_coop.
#pragma once

#include <pgq/error.hpp>
#include <pgq/ids.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/sql/coop.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace pgq {

/// `coop_subscription{"orders", "billing", "worker-1"}`. A member that is not heard of for `dead_after` loses its batch
/// to another one, which gets it whole; what the dead one still does with it is refused by fenced_error. With
/// at_least_once a member is heard of between events, of which none may take as long as `dead_after`; with
/// same_transaction it is not taken for dead while its transaction is open, however long that takes.
struct coop_subscription {
    static constexpr bool shares_position = true;
    std::string queue;
    std::string consumer;
    std::string member;
    std::chrono::milliseconds dead_after{60'000};

    /// @throws usage_error  for an unknown queue and a database without pgq_coop
    std::optional<batch_info> next(transport auto& db) const {
        return asked(db, [&] { return sql::coop::next_batch(db, queue, consumer, member, dead_after); });
    }

    /// @throws fenced_error  when another member has taken the batch over, or it is not open any more
    void finish(transport auto& db, batch_id batch) const {
        if (!held([&] { return sql::coop::finish_batch(db, batch); })) throw lost(batch);
    }

    /// How often heartbeat() is wanted while a batch is worked on.
    [[nodiscard]] std::chrono::milliseconds heartbeat_interval() const { return dead_after / 4; }
    /// Says that this member works on the batch; nothing where the server has no way to be told (pgq_coop 3.4).
    /// @throws fenced_error  when another member has taken the batch over
    void heartbeat(transport auto& db, batch_id batch) const {
        if (!sql::coop::heartbeat_exists(db)) return;
        if (!held([&] { return sql::coop::heartbeat(db, batch); })) throw lost(batch);
    }

    /// Joins the others. False when it was a member before. A member joins by itself with its first batch, too.
    bool subscribe(transport auto& db) const {
        return asked(db, [&] { return sql::coop::register_member(db, queue, consumer, member); });
    }

    /// Leaves the others, who go on. False when it was no member. @throws sql_error  while a batch is open
    bool unsubscribe(transport auto& db) const { return sql::coop::unregister_member(db, queue, consumer, member); }

private:
    auto asked(transport auto& db, auto const& call) const {
        try {
            return call();
        } catch (sql_error const& failure) {
            if (failure.state() == "3F000" || failure.state() == "42883") {
                throw usage_error{
                    failure.state() == "3F000"
                        ? "this database has no pgq_coop; run: create extension pgq_coop"
                        : "the pgq_coop of this database is too old; run: alter extension pgq_coop update",
                    {.state = failure.state()}};
            }
            if (failure.state() != "P0001" || failure.transaction_aborted() || sql::queue_exists(db, queue)) throw;
            throw usage_error{"there is no queue " + detail::named(queue) +
                                  "; create it with: select pgq.create_queue('" + queue + "')",
                              {.state = failure.state()}};
        }
    }

    static bool held(auto const& call) {
        try {
            return call();
        } catch (sql_error const& failure) {
            if (failure.state() != "55000") throw;
            throw fenced_error{failure.what(),
                               {.state = failure.state(), .transaction_aborted = failure.transaction_aborted()}};
        }
    }

    [[nodiscard]] fenced_error lost(batch_id batch) const;
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/source/coop_subscription.ipp>
#endif
