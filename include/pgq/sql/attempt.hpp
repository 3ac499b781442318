/// Attempts at batches, remembered by the server beyond the death of a process. None of the calls waits for the
/// server's disk, and a transaction that one of them is part of does not either: what a crash of the server loses is
/// tried again. Needs pgq 4.0.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/ids.hpp>
#include <pgq/transport.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgq::sql {

/// What is known of a batch when a worker begins to handle it.
struct attempt {
    int deaths = 0;                     ///< of workers that had begun with the batch
    std::optional<std::int64_t> place;  ///< events that are done, where they are handled one by one
    int place_deaths = 0;               ///< of workers that were at the event behind those
};

/// `worker` is a text that no other process has. Nothing when the batch is not open.
/// @throws sql_error  3F000 or 42883 without pgq 4.0
std::optional<attempt> begin_attempt(transport auto& db, batch_id batch, std::string_view worker) {
    auto const rows = query(db,
                            "select deaths, place, place_deaths from pgq.begin_attempt($1, $2), "
                            "set_config('synchronous_commit', 'off', true)",
                            batch, worker);
    auto const deaths = value_of<std::optional<int>>(rows, 0, 0);
    if (!deaths) return std::nullopt;
    return attempt{*deaths, value_of<std::optional<std::int64_t>>(rows, 0, 1), value_of<int>(rows, 0, 2)};
}

/// `place` events are done, and the worker goes on to the next. False when the batch is not this worker's any more.
bool mark_attempt(transport auto& db, batch_id batch, std::string_view worker, std::int64_t place) {
    return value_of<bool>(query(db,
                                "select pgq.mark_attempt($1, $2, $3), set_config('synchronous_commit', 'off', true)",
                                batch, worker, place),
                          0, 0);
}

/// The worker gives the batch up, and lives. False when it was not this worker's.
bool leave_attempt(transport auto& db, batch_id batch, std::string_view worker) {
    return value_of<bool>(
        query(db, "select pgq.leave_attempt($1, $2), set_config('synchronous_commit', 'off', true)", batch, worker), 0,
        0);
}

}  // namespace pgq::sql
