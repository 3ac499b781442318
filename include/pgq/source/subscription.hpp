/// Source of batches for one consumer of one queue, the plain kind: one process at a time makes progress.
#pragma once

#include <pgq/error.hpp>
#include <pgq/ids.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/sql/consumer.hpp>
#include <pgq/transport.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq {

/// Where a consumer's batches come from: `next(db)` opens one or gives the open one again, `finish(db, id)` ends it or
/// throws fenced_error when it is not ours any more. `queue` names where the events come from.
template <class S, class Db>
concept batch_source = requires(S const& source, Db& db, batch_id id) {
    { source.next(db) } -> std::same_as<std::optional<batch_info>>;
    source.finish(db, id);
    { source.queue } -> std::convertible_to<std::string_view>;
    { source.consumer } -> std::convertible_to<std::string_view>;
};

namespace detail {

// Batches of one position go to several members, in no order of their own.
template <class S> concept shares_position = requires { requires S::shares_position; };

[[gnu::cold]] inline std::string named(std::string_view name) {
    return '"' + std::string{name} + '"';
}

[[gnu::cold]] fenced_error not_open(batch_id batch, std::string_view queue, std::string_view consumer,
                                    failure facts = {});

/// What is said of a batch that is not open any more, whoever asks for it or for its events. The last is said when it
/// ended between two steps of the server's answer.
[[gnu::cold]] bool batch_is_gone(sql_error const& failure);

/// Says in the user's words what a failure of next_batch means; gives nothing where the server's words will do.
[[gnu::cold]] std::optional<std::string> explained(sql_error const& failure);

[[gnu::cold]] bool not_subscribed(sql_error const& failure);

}  // namespace detail

/// `subscription{"orders", "billing"}`, or with wishes: `subscription{.queue = "orders", .consumer = "billing",
/// .wishes = {.min_count = 1000}}`. It does not subscribe by itself: see subscribe().
struct subscription {
    std::string queue;
    std::string consumer;
    batch_wishes wishes{};

    /// @throws usage_error  for an unknown queue, a consumer that is not subscribed, a database without PgQ
    std::optional<batch_info> next(transport auto& db) const;

    /// @throws fenced_error  when the batch was finished or taken over by another process of the same name
    void finish(transport auto& db, batch_id batch) const {
        if (sql::finish_batch(db, batch)) return;
        throw detail::not_open(batch, queue, consumer);
    }

    /// Subscribes from now on. False when it was subscribed before; its position stays.
    /// @throws usage_error  for an unknown queue and a database without PgQ
    [[gnu::cold]] bool subscribe(transport auto& db) const;

    /// Gives the position up, and the events that wait to be retried. False when it was not subscribed.
    [[gnu::cold]] bool unsubscribe(transport auto& db) const { return sql::unregister_consumer(db, queue, consumer); }

private:
    [[nodiscard, gnu::cold]] std::string unknown(bool queue_is_there) const;
};

// Not in the class, where they would be inline, and could not be compiled once: <pgq/compiled_once.hpp>.
std::optional<batch_info> subscription::next(transport auto& db) const {
    try {
        return sql::next_batch(db, queue, consumer, wishes);
    } catch (sql_error const& failure) {
        if (auto const text = detail::explained(failure)) throw usage_error{*text, {.state = failure.state()}};
        if (!detail::not_subscribed(failure) || failure.transaction_aborted()) throw;
        throw usage_error{unknown(sql::queue_exists(db, queue)), {.state = failure.state()}};
    }
}

bool subscription::subscribe(transport auto& db) const {
    try {
        return sql::register_consumer(db, queue, consumer);
    } catch (sql_error const& failure) {
        if (auto const text = detail::explained(failure)) throw usage_error{*text, {.state = failure.state()}};
        if (failure.state() != "P0001" || failure.transaction_aborted()) throw;
        if (sql::queue_exists(db, queue)) throw;
        throw usage_error{unknown(false), {.state = failure.state()}};
    }
}

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/source/subscription.ipp>
#endif
