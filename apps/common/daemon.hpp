/// Going into the background, and telling the service manager how things stand.
#pragma once

#include <pgq/error.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace apps {

/// The process that goes on in the background. Its parent stays until ready() and ends with status 0, or with 1 when
/// the background process ends before that: whoever started it learns whether it runs.
class background {
public:
    /// Returns in the child. Must be called before any thread exists.
    background() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
        pid_t const child = ::fork();
        if (child < 0) fail("fork");
        if (child > 0) {
            ::close(ends[1]);
            char told = 0;
            ssize_t got = 0;
            while ((got = ::read(ends[0], &told, 1)) < 0 && errno == EINTR) {}
            ::_exit(got == 1 ? 0 : 1);
        }
        ::close(ends[0]);
        ready_ = ends[1];
        ::setsid();
    }
    background(background const&) = delete;
    background& operator=(background const&) = delete;
    ~background() {
        if (ready_ >= 0) ::close(ready_);
    }

    /// Lets the parent go, and the terminal too.
    void ready() {
        int const nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int const stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
            ::dup2(nothing, stream);
        if (nothing > STDERR_FILENO) ::close(nothing);
        [[maybe_unused]] auto const written = ::write(ready_, "1", 1);
        ::close(ready_);
        ready_ = -1;
    }

private:
    [[noreturn]] static void fail(char const* what) {
        throw pgq::error{std::string{"cannot go into the background: "} + what + ": " + std::strerror(errno)};
    }

    int ready_ = -1;
};

/// Sends `state`, for example "READY=1", to the service manager that started us; without one nothing happens.
/// Source: sd_notify(3), the protocol of which is one datagram.
inline void notify_service(std::string_view state) {
    char const* const path = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nobody changes it
    if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::size_t const length = std::strlen(path);
    if (length >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path, length);
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
    int const socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr const*>(&address), size);
    ::close(socket);
}

}  // namespace apps
