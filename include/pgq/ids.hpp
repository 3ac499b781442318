/// Numbers that PgQ hands out, as types of their own so that they cannot be confused.
#pragma once

#include <compare>
#include <cstdint>

namespace pgq {

/// Identifies one handed-out batch; also the token that finishing it needs.
enum class batch_id : std::int64_t {};
/// Position of a tick in its queue.
enum class tick_id : std::int64_t {};

/// The bare number of an id, for messages and SQL.
constexpr std::int64_t number(batch_id id) {
    return static_cast<std::int64_t>(id);
}
/// The bare number of a tick, for messages and SQL.
constexpr std::int64_t number(tick_id id) {
    return static_cast<std::int64_t>(id);
}

}  // namespace pgq
