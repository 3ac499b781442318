/// What a consumer does between a look that found nothing and the next look. A policy is asked once for each session
/// (`prepare`) and once for each idle round (`wait`).
#pragma once

#include <pgq/chain.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string_view>

namespace pgq {

struct wait_axis;

/// `wait` returns when it is time to look again, or when a stop was requested. `idle` counts the rounds in a row that
/// found nothing, from 1.
template <class W, class Db>
concept wait_policy =
    policy<W> && requires(W const& w, Db& db, std::string_view queue, int idle, std::stop_token stop) {
        w.prepare(db);
        w.wait(db, queue, idle, stop);
    };

/// One that waits without holding a thread, so that several consumers can wait together: `pause` tells how long to wait
/// at most. With `heard(db, queue)`, which takes what has arrived and tells whether to look, the session's socket is
/// watched meanwhile.
template <class W, class Db>
concept shared_wait_policy = wait_policy<W, Db> && requires(W const& w, Db& db, int idle) {
    { w.pause(db, idle) } -> std::convertible_to<std::chrono::milliseconds>;
};

namespace detail {

/// Sleeps until the time has come or a stop is requested.
inline void sleep_until(std::chrono::steady_clock::time_point end, std::stop_token const& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock{mutex};
    never.wait_until(lock, stop, end, [] { return false; });
}

inline std::chrono::milliseconds spread(std::chrono::milliseconds shortest, std::chrono::milliseconds longest,
                                        int idle) {
    return std::chrono::milliseconds{jittered(doubled(shortest.count(), longest.count(), idle - 1), 10)};
}

}  // namespace detail

/// Looks again after `interval`, then after twice as long, up to `longest`; less a random tenth.
struct poll {
    using policy_axis = wait_axis;
    std::chrono::milliseconds interval{100};
    std::chrono::milliseconds longest{1000};

    void prepare(transport auto&) const {}
    void wait(transport auto& db, std::string_view, int idle, std::stop_token const& stop) const {
        detail::sleep_until(std::chrono::steady_clock::now() + pause(db, idle), stop);
    }
    [[nodiscard]] std::chrono::milliseconds pause(transport auto&, int idle) const {
        return detail::spread(interval, longest, idle);
    }
};

/// Looks again when the ticker says that the queue has a new tick (NOTIFY pgq_tick with the queue's name), and in any
/// case after `fallback`, so that a message that never comes costs time but no events. Polls with sessions that cannot
/// listen, and with tickers that do not notify, as `without` says.
struct notify {
    using policy_axis = wait_axis;
    std::chrono::milliseconds fallback{1000};
    poll without{};

    void prepare(transport auto& db) const {
        if constexpr (listener<decltype(db)>) db.listen("pgq_tick");
    }
    void wait(transport auto& db, std::string_view queue, int idle, std::stop_token const& stop) const {
        if constexpr (!listener<decltype(db)>) {
            without.wait(db, queue, idle, stop);
        } else {
            auto const end = std::chrono::steady_clock::now() + detail::spread(fallback, fallback, idle);
            while (!stop.stop_requested()) {
                auto const message = db.wait_notification(end);
                if (!message || message->payload == queue) return;
            }
        }
    }
    [[nodiscard]] std::chrono::milliseconds pause(transport auto& db, int idle) const {
        if constexpr (pollable<decltype(db)>) return detail::spread(fallback, fallback, idle);
        else return without.pause(db, idle);
    }
    bool heard(pollable auto& db, std::string_view queue) const {
        bool mine = false;
        while (auto const message = db.wait_notification(std::chrono::steady_clock::time_point{}))
            mine = mine || message->payload == queue;
        return mine;
    }
};

}  // namespace pgq
