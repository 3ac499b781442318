/// What a consumer does between a look that found nothing and the next look. A policy is asked once for each session
/// (`prepare`) and once for each idle round (`wait`).
#pragma once

#include <pgq/chain.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/stop.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <concepts>
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

std::chrono::milliseconds spread(std::chrono::milliseconds shortest, std::chrono::milliseconds longest, int idle);

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
/// listen, and with tickers that do not notify, as `without` says; also where a pooler stands between, which may hand
/// the session that listens to somebody else, unless `through_pooler` says that it does not.
struct notify {
    using policy_axis = wait_axis;
    std::chrono::milliseconds fallback{1000};
    poll without{};
    bool through_pooler = false;

    void prepare(transport auto& db) const {
        if constexpr (listener<decltype(db)>) {
            if (hears(db)) db.listen("pgq_tick");
        }
    }
    void wait(transport auto& db, std::string_view queue, int idle, std::stop_token const& stop) const {
        if (!hears(db)) return without.wait(db, queue, idle, stop);
        if constexpr (listener<decltype(db)>) {
            auto const end = std::chrono::steady_clock::now() + detail::spread(fallback, fallback, idle);
            while (!stop.stop_requested()) {
                auto const message = db.wait_notification(end);
                if (!message || message->payload == queue) return;
            }
        }
    }
    [[nodiscard]] std::chrono::milliseconds pause(transport auto& db, int idle) const {
        if constexpr (pollable<decltype(db)>) {
            if (hears(db)) return detail::spread(fallback, fallback, idle);
        }
        return without.pause(db, idle);
    }
    /// Takes the messages that have arrived, without waiting. True when one was about the queue, or may have been.
    bool heard(pollable auto& db, std::string_view queue) const {
        bool mine = false;
        while (auto const message = db.wait_notification(std::chrono::steady_clock::time_point{}))
            mine = mine || message->payload == queue;
        return mine;
    }
    /// What whoever runs this should know about the session; empty when all is well.
    [[nodiscard]] std::string_view remark(transport auto& db) const {
        if constexpr (!listener<decltype(db)>) return {};
        else if (hears(db)) return {};
        else
            return "a pooler stands between this program and the server, and NOTIFY may get lost in it: polling "
                   "instead. Connect past the pooler, or take pgq::notify{.through_pooler = true} if it keeps a server "
                   "session for each client, or pgq::poll{} to have it so without this line";
    }

private:
    [[nodiscard]] bool hears([[maybe_unused]] transport auto& db) const {
        if constexpr (!listener<decltype(db)>) return false;
        else if constexpr (requires { db.pooled(); }) return through_pooler || !db.pooled();
        else return true;
    }
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/wait.ipp>
#endif
