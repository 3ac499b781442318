/// Rows of the tables of a server in memory.
#pragma once

#include <pgq/testing/detail/values.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/timestamp.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace pgq::testing::detail {

struct queue_row {
    using key = std::string;
    std::int64_t id = 0;
    timestamp switched{};
    bool external_ticker = false, ticker_paused = false;
    std::int32_t ticker_max_count = 500;
    microseconds ticker_max_lag{std::chrono::seconds{3}};
    microseconds ticker_idle_period{std::chrono::minutes{1}};
    microseconds rotation_period{std::chrono::hours{2}};
    std::int32_t table = 0;                                   ///< of its three, the one that takes new events
    std::int64_t rotated_by = 0;                              ///< transaction of the last rotation
    std::optional<std::int64_t> rotated_before = rotated_by;  ///< later ones write to `table`; nothing: not known yet
};

/// `seen`: how many transactions were committed when it was made, which stands for its snapshot.
struct tick_row {
    using key = std::pair<std::int64_t, std::int64_t>;  // queue, tick
    timestamp time{};
    std::uint64_t seen = 0;
    std::int64_t event_seq = 0;
    std::int64_t oldest = 0;  ///< all transactions below were over when it was made

    [[nodiscard]] std::int64_t shown_seq() const { return event_seq == 0 ? 1 : event_seq; }
};

struct subscription_row {
    using key = std::pair<std::int64_t, std::string>;  // queue, consumer
    std::int64_t id = 0;                               ///< shared by a consumer and its members
    std::optional<std::int64_t> last_tick{}, next_tick{}, batch{};
    timestamp active{};
};

struct event_row {
    std::int64_t id = 0;
    timestamp time{};
    std::int64_t txid = 0;
    std::optional<std::int64_t> owner{};  ///< subscription that it is for; all without one
    std::int32_t retry = 0;
    std::array<cell, 6> text{};  ///< type, data and the extras
    std::uint64_t commit = 0;    ///< its transaction was the so-manieth to be committed
    std::int32_t table = 0;
};

struct retry_row {
    using key = std::pair<std::int64_t, std::int64_t>;  // subscription, event
    timestamp after{};
    std::string queue{};
    event_row event{};
};

/// A batch that went from a silent member to another.
struct takeover_row {
    using key = std::int64_t;  // the batch as the silent one knew it
    std::string heir{};
    std::int64_t batch = 0;
};

/// An event whose time has not come.
struct delayed_row {
    using key = std::int64_t;
    timestamp when{};
    std::string queue{};
    event_row event{};
};

/// A key under which an event was inserted once.
struct once_row {
    using key = std::pair<std::int64_t, std::string>;  // queue, key
    std::int64_t event = 0;
    timestamp expires{};
};

/// A worker that has begun with a batch.
struct attempt_row {
    using key = subscription_row::key;
    std::int64_t sub = 0, tick = 0;
    std::optional<std::string> worker{};
    std::int64_t deaths = 0, place_deaths = 0;
    std::optional<std::int64_t> place{};
    bool trying = false;
};

/// How far a consumer of another database has come in this one.
struct completed_row {
    using key = std::string;
    std::int64_t tick = 0;
};

/// A verdict of such a consumer that its source has not been told of: an event to be retried, or a letter.
struct kept_row {
    using key = std::pair<std::string, std::int64_t>;  // consumer, place
    std::int64_t tick = 0;
    std::optional<std::int64_t> event{}, delay{};
    std::array<cell, 6> text{};
};

/// A consumer that gets no batches.
struct pause_row {
    using key = subscription_row::key;
    timestamp since{};
};

}  // namespace pgq::testing::detail
