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
instant deadline_after(std::chrono::milliseconds limit);

/// Milliseconds for poll(2), rounded up so that a wait does not end before its deadline; -1 waits for ever.
int poll_timeout(instant end);

enum class wake { ready, deadline, stop };

/// Waits on behalf of one session. A stop request reaches a sleeping wait through an eventfd.
class waiter {
public:
    waiter() = default;
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;
    ~waiter();

    /// Replaces the token that ends waits. @throws error when the process has no file descriptor left
    void watch(std::stop_token token);

    [[nodiscard]] bool stop_requested() const { return token_.stop_requested(); }

    /// Until `socket` is ready for `events`. A socket below zero is ready: whoever uses it will see its error.
    /// With `heed_stop` false the stop request is not looked at.
    [[nodiscard]] wake wait(int socket, int events, instant end, bool heed_stop = true) const;

private:
    struct poke {
        int event;
        void operator()() const noexcept;
    };

    std::stop_token token_{};
    int event_ = -1;
    std::optional<std::stop_callback<poke>> callback_{};
};

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/wait.ipp>
#endif
