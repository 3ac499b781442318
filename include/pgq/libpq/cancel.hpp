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

    static cancels_under_way& shared() {
        struct keeper {
            cancels_under_way& all = *new cancels_under_way;  // never destroyed: a request may outlive the wait for it
            ~keeper() {
                std::unique_lock held{all.lock};
                all.changed.wait_for(held, std::chrono::seconds{1}, [this] { return all.running == 0; });
            }
        };
        static keeper const process_wide;
        return process_wide.all;
    }
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
    [[gnu::cold]] bool request(detail::instant end) const {
        if (!key_ || key_->key == nullptr) return false;
        auto& all = detail::cancels_under_way::shared();
        auto const taken = std::make_shared<bool>(false);  // guarded by the lock
        std::unique_lock held{all.lock};
        ++all.running;
        try {
            std::thread{[key = key_, taken, &all] {
                std::array<char, 256> ignored{};
                bool const sent = PQcancel(key->key, ignored.data(), static_cast<int>(ignored.size())) != 0;
                std::scoped_lock const done{all.lock};
                *taken = sent;
                --all.running;
                all.changed.notify_all();
            }}.detach();
        } catch (std::system_error const&) {  // no thread to be had: the caller goes on without the request
            --all.running;
            return false;
        }
        all.changed.wait_until(held, end, [&] { return *taken; });
        return *taken;
    }

private:
    std::shared_ptr<detail::cancel_key const> key_{};
};

}  // namespace pgq::libpq
