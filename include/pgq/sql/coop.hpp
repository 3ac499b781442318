/// Cooperating consumers: several members share one position, each with a batch of its own.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/ids.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgq::sql::coop {

/// Opens a batch for the member, gives its open one again, or that of a member not heard of for `dead_after`; nothing
/// when there is none. Makes the member, and the consumer, where they are missing. A second statement asks for what
/// there is to know of the batch.
/// @throws sql_error  P0001 for an unknown queue, 3F000 where pgq_coop is not installed
std::optional<batch_info> next_batch(transport auto& db, std::string_view queue, std::string_view consumer,
                                     std::string_view member, std::optional<std::chrono::milliseconds> dead_after) {
    auto const rows = query(db, "select pgq_coop.next_batch($1, $2, $3, $4)", queue, consumer, member,
                            detail::interval_text(dead_after));
    auto const id = value_of<std::optional<std::int64_t>>(rows, 0, 0);
    if (!id) return std::nullopt;
    auto const facts = query(db,
                             "select tick_id, prev_tick_id, seq_end - seq_start, "
                             "(extract(epoch from lag) * 1000)::bigint from pgq.get_batch_info($1)",
                             *id);
    return batch_info{batch_id{*id}, tick_id{value_of<std::optional<std::int64_t>>(facts, 0, 0).value_or(0)},
                      tick_id{value_of<std::optional<std::int64_t>>(facts, 0, 1).value_or(0)},
                      value_of<std::optional<std::int64_t>>(facts, 0, 2), detail::age_of(facts, 3)};
}

/// False when no member has the batch. @throws sql_error  55000 when another member has taken it over
bool finish_batch(transport auto& db, batch_id batch) {
    return value_of<int>(query(db, "select pgq_coop.finish_batch($1)", batch), 0, 0) == 1;
}

/// Says that the batch is being worked on. False and errors as for finish_batch. Not in pgq_coop 3.4.
bool heartbeat(transport auto& db, batch_id batch) {
    return value_of<int>(query(db, "select pgq_coop.heartbeat($1)", batch), 0, 0) == 1;
}

/// Whether the server can be told that a member lives: pgq_coop of this project, not 3.4.
bool heartbeat_exists(transport auto& db) {
    return value_of<bool>(query(db, "select to_regprocedure('pgq_coop.heartbeat(bigint)') is not null"), 0, 0);
}

/// False when the member was there. Makes the consumer too.
bool register_member(transport auto& db, std::string_view queue, std::string_view consumer, std::string_view member) {
    return value_of<int>(query(db, "select pgq_coop.register_subconsumer($1, $2, $3)", queue, consumer, member), 0,
                         0) == 1;
}

/// False when there was no such member. @throws sql_error  P0001 while it has a batch open
bool unregister_member(transport auto& db, std::string_view queue, std::string_view consumer, std::string_view member) {
    return value_of<int>(query(db, "select pgq_coop.unregister_subconsumer($1, $2, $3, 0)", queue, consumer, member), 0,
                         0) == 1;
}

}  // namespace pgq::sql::coop
