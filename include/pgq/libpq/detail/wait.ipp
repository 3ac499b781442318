// Bodies of <pgq/libpq/detail/wait.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/wait.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE instant deadline_after(std::chrono::milliseconds limit) {
    return limit.count() <= 0 ? never : std::chrono::steady_clock::now() + limit;
}

PGQ_INLINE int poll_timeout(instant end) {
    if (end == never) return -1;
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    return left < 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
}

PGQ_INLINE waiter::~waiter() {
    callback_.reset();
    if (event_ >= 0) ::close(event_);
}

PGQ_INLINE void waiter::watch(std::stop_token token) {
    callback_.reset();
    if (event_ >= 0) ::close(std::exchange(event_, -1));
    token_ = std::move(token);
    if (!token_.stop_possible()) return;
    event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event_ < 0) throw error{"cannot watch for stop requests: " + std::generic_category().message(errno)};
    callback_.emplace(token_, poke{event_});
}

PGQ_INLINE wake waiter::wait(int socket, int events, instant end, bool heed_stop) const {
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

PGQ_INLINE void waiter::poke::operator()() const noexcept {
    std::uint64_t const one = 1;
    // The only failure is a counter that is full, and then the wait is awake anyway.
    [[maybe_unused]] auto const written = ::write(event, &one, sizeof one);
}

}  // namespace pgq::libpq::detail
