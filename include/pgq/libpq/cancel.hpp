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
class cancels_under_way {
public:
    struct counter {
        std::mutex lock{};
        std::condition_variable changed{};
        int running = 0;
    };

    cancels_under_way() = default;
    cancels_under_way(cancels_under_way const&) = delete;
    cancels_under_way& operator=(cancels_under_way const&) = delete;
    ~cancels_under_way() {
        std::unique_lock held{counter_->lock};
        counter_->changed.wait_for(held, std::chrono::seconds{1}, [this] { return counter_->running == 0; });
    }

    static std::shared_ptr<counter> const& shared() {
        static cancels_under_way const process_wide;
        return process_wide.counter_;
    }

private:
    std::shared_ptr<counter> counter_ = std::make_shared<counter>();
};

struct cancel_deleter {
    void operator()(PGcancel* key) const noexcept { PQfreeCancel(key); }
};

}  // namespace detail

/// Cancels what one session is running, from any thread, also after the session is gone. Copies share the key.
/// The server decides: a statement that ends first is not touched, and the one after it might be.
class canceller {
public:
    canceller() = default;
    explicit canceller(PGconn* session) : key_{PQgetCancel(session), detail::cancel_deleter{}} {
        static_cast<void>(detail::cancels_under_way::shared());  // made first, so destroyed after any static session
    }

    /// Sends a request in the background, since libpq's call waits for the server without a limit, and waits until
    /// `end` for the server to have taken it. @return whether it has
    bool request(detail::instant end) const {
        if (!key_) return false;
        auto const& counter = detail::cancels_under_way::shared();
        auto const taken = std::make_shared<bool>(false);  // guarded by the counter's lock
        {
            std::scoped_lock const held{counter->lock};
            ++counter->running;
        }
        try {
            std::thread{[key = key_, counter, taken] {
                std::array<char, 256> ignored{};
                bool const sent = PQcancel(key.get(), ignored.data(), static_cast<int>(ignored.size())) != 0;
                std::scoped_lock const held{counter->lock};
                *taken = sent;
                --counter->running;
                counter->changed.notify_all();
            }}.detach();
        } catch (std::system_error const&) {  // no thread to be had: the caller goes on without the request
            std::scoped_lock const held{counter->lock};
            --counter->running;
            return false;
        }
        std::unique_lock held{counter->lock};
        counter->changed.wait_until(held, end, [&] { return *taken; });
        return *taken;
    }

private:
    std::shared_ptr<PGcancel> key_{};
};

}  // namespace pgq::libpq
