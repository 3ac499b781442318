/// Events of a batch: from rows to values, and back to the queue. Not for inserting new ones: <pgq/sql/insert.hpp>.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/event.hpp>
#include <pgq/ids.hpp>
#include <pgq/transport.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace pgq {
namespace detail {

inline constexpr std::size_t event_column_count = 10;

[[noreturn, gnu::cold]] inline void strange_event(char const* problem) {
    throw protocol_error{std::string{"an event of the batch "} + problem};
}

/// Integers as PostgreSQL sends them in binary form: most significant byte first.
template <std::signed_integral T> T from_network(std::string_view bytes) {
    if (bytes.size() != sizeof(T)) strange_event("has a number of unexpected size");
    std::make_unsigned_t<T> value = 0;
    for (char const byte : bytes)
        value = static_cast<std::make_unsigned_t<T>>(value << 8U | static_cast<unsigned char>(byte));
    return static_cast<T>(value);
}

template <bool Binary, class T> T number_in(std::string_view cell) {
    if constexpr (Binary) return from_network<T>(cell);
    else return codec<T>::parse(cell);
}

// Out of line: inlined into each reader it would cost more to compile than it saves at run time.
template <bool Binary> [[gnu::noinline]] void read_event(row_set auto const& rows, std::size_t row, event& into) {
    auto const required = [&](std::size_t column) {
        auto const cell = rows.at(row, column);
        if (!cell) strange_event("has no id, time or transaction");
        return *cell;
    };
    into.id = number_in<Binary, std::int64_t>(required(0));
    if constexpr (Binary) into.time = timestamp{from_network<std::int64_t>(required(1))};
    else into.time = codec<timestamp>::parse(required(1));
    into.txid = number_in<Binary, std::int64_t>(required(2));
    auto const retry = rows.at(row, 3);
    into.retry = retry ? number_in<Binary, std::int32_t>(*retry) : 0;
    into.type = rows.at(row, 4).value_or(std::string_view{});
    into.data = rows.at(row, 5).value_or(std::string_view{});
    for (std::size_t i = 0; i < into.extra.size(); ++i)
        into.extra[i] = rows.at(row, 6 + i);
}

}  // namespace detail

namespace sql {

/// The event in one row of batch_events() and its relatives. The views point into `rows`.
/// @throws protocol_error  when the row has not the form of an event
void read_event(row_set auto const& rows, std::size_t row, event& into) {
    if constexpr (requires { rows.binary(); }) {
        if (rows.binary()) return detail::read_event<true>(rows, row, into);
    }
    detail::read_event<false>(rows, row, into);
}

/// Whether the server takes many events back at once, in one pass over their batch: pgq of this project, not 3.5.
bool event_retry_takes_many(transport auto& db) {
    return value_of<bool>(query(db, "select to_regprocedure('pgq.event_retry(bigint,bigint[],integer[])') is not null"),
                          0, 0);
}

/// Hands events of an open batch back, to be delivered to the same subscription again. `ids` and `seconds` are array
/// literals of equal length. An event that was handed back already stays as it is. Two statements, but one for a single
/// event; a server that does not take many at once looks each up in its whole batch.
/// @throws sql_error  P0001 for an event that is not in the batch
void event_retry(transport auto& db, batch_id batch, std::string const& ids, std::string const& seconds) {
    bool const many = ids.find(',') != ids.npos && event_retry_takes_many(db);
    query(db,
          many ? "select pgq.event_retry($1, $2::bigint[], $3::integer[])"
               : "select pgq.event_retry($1, one.id, one.seconds) "
                 "from unnest($2::bigint[], $3::integer[]) as one(id, seconds)",
          batch, ids, seconds);
}

}  // namespace sql
}  // namespace pgq
