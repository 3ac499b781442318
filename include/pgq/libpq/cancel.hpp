/// Asking the server to stop the statement that a session runs.
#pragma once

#include <pgq/libpq/detail/wait.hpp>

#include <libpq-fe.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace pgq::libpq {

namespace detail {

/// Requests that were started and have not been answered. A request is a connection of its own, and a pooler may die
/// of one whose sender vanishes too early (pgbouncer 1.18 does), so the end of the process waits a second for them.
struct cancels_under_way {
    std::mutex lock{};
    std::condition_variable changed{};
    int running = 0;

    static cancels_under_way& shared();
};

/// What PostgreSQL wants to see of whoever asks it to cancel.
struct cancel_key {
    PGcancel* const key;
    explicit cancel_key(PGconn* session) : key{PQgetCancel(session)} {}
    cancel_key(cancel_key const&) = delete;
    cancel_key& operator=(cancel_key const&) = delete;
    ~cancel_key() { PQfreeCancel(key); }
};

}  // namespace detail

/// Cancels what one session is running, from any thread, also after the session is gone. Copies share the key.
/// The server decides: a statement that ends first is not touched, and the one after it might be.
class canceller {
public:
    canceller() = default;
    explicit canceller(PGconn* session) : key_{std::make_shared<detail::cancel_key>(session)} {
        static_cast<void>(detail::cancels_under_way::shared());  // made first, so destroyed after any static session
    }

    /// Sends a request in the background, since libpq's call waits for the server without a limit, and waits until
    /// `end` for the server to have taken it. @return whether it has
    [[gnu::cold]] bool request(detail::instant end) const;

private:
    std::shared_ptr<detail::cancel_key const> key_{};
};

}  // namespace pgq::libpq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/cancel.ipp>
#endif
