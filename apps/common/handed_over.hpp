/// Sockets that a service manager has made, and listens at until this program is there.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace apps {

/// The descriptor of the first of them; the others follow it.
inline constexpr int first_handed_over = 3;

/// How many were handed over. Programs that this one starts get none of them.
/// Source: sd_listen_fds(3).
inline int handed_over_sockets() {
    auto const* const process = std::getenv("LISTEN_PID");
    auto const* const count = std::getenv("LISTEN_FDS");
    if (process == nullptr || count == nullptr || std::to_string(::getpid()) != process) return 0;
    int const all = std::atoi(count);
    for (int i = 0; i < all; ++i)
        ::fcntl(first_handed_over + i, F_SETFD, FD_CLOEXEC);
    for (auto const* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
        ::unsetenv(name);
    return all;
}

}  // namespace apps
