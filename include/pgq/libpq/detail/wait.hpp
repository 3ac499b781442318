/// Waiting for a socket, a deadline or a stop request, whichever comes first.
#pragma once

#include <pgq/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <system_error>
#include <utility>

namespace pgq::libpq::detail {

using instant = std::chrono::steady_clock::time_point;
inline constexpr instant never = instant::max();

/// `never` for a limit of zero.
inline instant deadline_after(std::chrono::milliseconds limit) {
    return limit.count() <= 0 ? never : std::chrono::steady_clock::now() + limit;
}

/// Milliseconds for poll(2), rounded up so that a wait does not end before its deadline; -1 waits for ever.
inline int poll_timeout(instant end) {
    if (end == never) return -1;
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    return left < 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
}

enum class wake { ready, deadline, stop };

/// Waits on behalf of one session. A stop request reaches a sleeping wait through an eventfd.
class waiter {
public:
    waiter() = default;
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;
    ~waiter() {
        callback_.reset();
        if (event_ >= 0) ::close(event_);
    }

    /// Replaces the token that ends waits. @throws error when the process has no file descriptor left
    void watch(std::stop_token token) {
        callback_.reset();
        if (event_ >= 0) ::close(std::exchange(event_, -1));
        token_ = std::move(token);
        if (!token_.stop_possible()) return;
        event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (event_ < 0) throw error{"cannot watch for stop requests: " + std::generic_category().message(errno)};
        callback_.emplace(token_, poke{event_});
    }

    [[nodiscard]] bool stop_requested() const { return token_.stop_requested(); }

    /// Until `socket` is ready for `events`. A socket below zero is ready: whoever uses it will see its error.
    /// With `heed_stop` false the stop request is not looked at.
    [[nodiscard]] wake wait(int socket, int events, instant end, bool heed_stop = true) const {
        if (heed_stop && stop_requested()) return wake::stop;
        if (socket < 0) return wake::ready;
        std::array<pollfd, 2> watched{{{socket, static_cast<short>(events), 0}, {event_, POLLIN, 0}}};
        nfds_t const count = heed_stop && event_ >= 0 ? 2 : 1;
        for (;;) {
            int const ready = ::poll(watched.data(), count, poll_timeout(end));
            if (ready < 0 && errno != EINTR) throw error{"poll failed: " + std::generic_category().message(errno)};
            if (heed_stop && stop_requested()) return wake::stop;
            if (ready > 0) return wake::ready;
            if (end != never && std::chrono::steady_clock::now() >= end) return wake::deadline;
        }
    }

private:
    struct poke {
        int event;
        void operator()() const noexcept {
            std::uint64_t const one = 1;
            // The only failure is a counter that is full, and then the wait is awake anyway.
            [[maybe_unused]] auto const written = ::write(event, &one, sizeof one);
        }
    };

    std::stop_token token_{};
    int event_ = -1;
    std::optional<std::stop_callback<poke>> callback_{};
};

}  // namespace pgq::libpq::detail
