/// A PgQ server in memory, for tests of consumers and producers without PostgreSQL.
#pragma once

#include <pgq/field.hpp>
#include <pgq/ids.hpp>
#include <pgq/payload/urlencoded.hpp>
#include <pgq/producer.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/testing/clock.hpp>
#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/delivery.hpp>
#include <pgq/testing/detail/queues.hpp>
#include <pgq/testing/detail/rotation.hpp>
#include <pgq/testing/detail/world.hpp>
#include <pgq/testing/fault.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/testing/session.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing {

namespace detail {
struct world_holder {  // before the session that refers to it
    detail::world world_{};
};
}  // namespace detail

/// A statement that the test itself has answered, as its transaction committed it.
using statement = detail::foreign_statement;

/// Queues, ticks, batches, retries, transactions and errors as on a real server, in memory and in virtual time. It is a
/// session itself, the one that `db` in `consumer.step(db)` is; connect() opens others.
///
/// What it leaves out: rights, triggers, isolation levels other than READ COMMITTED, limits per transaction, SQL.
/// Transactions do not wait for each other: see session. Neither copied nor moved. Not for several threads.
class server : detail::world_holder, public session {
public:
    server() : session{world_} {}
    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server() = default;

    /// The server's time: stands still until it is told to go on.
    [[nodiscard]] virtual_clock& clock() { return world_.tables.clock; }
    /// Another session, such as that of a second producer, with transactions of its own.
    [[nodiscard]] session connect() { return session{world_}; }
    /// How many sessions were opened so far, the server's own among them.
    [[nodiscard]] std::uint64_t sessions() const { return world_.sessions; }

    /// Creates a queue; nothing happens when it is there.
    void create_queue(std::string_view name) { sql::create_queue(*this, name); }

    /// Stores a typed event, in the transaction that is open if one is, and returns its id.
    /// @throws usage_error  for an unknown queue
    template <event_struct E, class Format = urlencoded>
    std::int64_t put(std::string_view queue, E const& value, Format format = {}) {
        producer<session, insert_each, Format> out{*this, std::string{queue}, {}, format};
        return out.insert(value);
    }
    /// Stores an event as it is.
    std::int64_t put(std::string_view queue, new_event const& event) {
        producer<session> out{*this, std::string{queue}};
        return out.insert(event);
    }

    /// What the daemon does in one round: puts events into their queues whose time has come, retried or delayed, and
    /// ends the batch of each queue that has got events. Returns the number of queues ticked. Settings of the ticker
    /// are for `pgq::sql::tick_all(db)`.
    std::size_t tick() {
        while (world_.alone([](detail::view& db) { return detail::maint_retry_events(db); }) > 0)
            continue;
        while (world_.alone([](detail::view& db) { return detail::maint_delayed_events(db); }) > 0)
            continue;
        return world_.alone([](detail::view& db) {
            std::size_t ticked = 0;
            for (auto const& [name, queue] : detail::ticked_queues(db)) {
                if (!detail::has_pending(db, queue.id)) continue;
                detail::insert_tick(db, name, queue.id, false);
                ++ticked;
            }
            return ticked;
        });
    }
    /// Ends the batch of one queue even if that is empty. @throws usage_error  for an unknown queue
    tick_id tick(std::string const& queue) {
        return world_.alone([&](detail::view& db) {
            auto const* const found = db.find<detail::queue_row>(queue);
            if (found == nullptr) throw usage_error{"there is no queue \"" + queue + "\" that could be ticked"};
            return tick_id{detail::insert_tick(db, queue, found->id, false)};
        });
    }

    /// Rotates the tables of a queue now, whatever its period, as maintenance does when that is over: what was written
    /// before the last rotation is gone, and the ticks with it. False when that cannot be, as a consumer needs it still
    /// or an open transaction has written it. `pgq::maintenance` and the period's time do the same.
    /// @throws usage_error  for an unknown queue
    bool rotate(std::string const& queue) {
        bool const done = world_.alone([&](detail::view& db) {
            if (db.find<detail::queue_row>(queue) == nullptr) {
                throw usage_error{"there is no queue \"" + queue + "\" that could be rotated"};
            }
            return detail::rotate(db, queue, true);
        });
        if (done) world_.alone([](detail::view& db) { return detail::end_rotations(db); });
        return done;
    }

    /// Lets time pass until there is something new for a consumer: ticks if there are new events, else goes on to the
    /// time of the next retry or delayed event. False when nothing more will come by itself.
    bool pass_time() {
        if (tick() > 0) return true;
        auto const next = world_.look([](detail::view& db) {
            auto first = timestamp::infinity();
            for (auto const& [key, one] : db.select<detail::retry_row>([](auto const&, auto const&) { return true; }))
                first = std::min(first, one.after);
            for (auto const& [key, one] : db.select<detail::delayed_row>([](auto const&, auto const&) { return true; }))
                first = std::min(first, one.when);
            return first;
        });
        if (!next.finite()) return false;
        clock().set(std::max(next, clock().now()));
        return tick() > 0;
    }

    /// The next time that any session comes to that step, after `spared` times without, this happens.
    void fail_next(step at, fault what, std::size_t spared = 0) { world_.faults.add(at, std::move(what), spared); }
    /// The same for the next statement whose text holds `part`, be it of the framework or of a handler.
    void fail_next(std::string part, fault what, std::size_t spared = 0) {
        world_.faults.add(std::move(part), std::move(what), spared);
    }
    /// Faults that have not happened yet.
    [[nodiscard]] std::size_t faults_left() const { return world_.faults.size(); }

    /// Answers each statement whose text holds `part`; later answers go first. An answer may throw sql_error.
    void answer(std::string part, testing::answer how) {
        world_.answers.insert(world_.answers.begin(), {std::move(part), std::move(how)});
    }
    void answer(std::string part, rows what = {}) {
        answer(std::move(part), [what = std::move(what)](auto, auto) { return what; });
    }
    /// Answered statements, in the order of commit; those of transactions that were rolled back are not among them.
    [[nodiscard]] std::vector<statement> const& committed() const { return world_.tables.foreign; }

    /// For the other headers of this folder.
    [[nodiscard]] detail::world& world() { return world_; }
};

}  // namespace pgq::testing
