/// A program that is talked to through its standard input and output for as long as one likes, such as ssh.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <walmgr/duplex.hpp>
#include <walmgr/file.hpp>
#include <walmgr/process.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {
namespace detail {

inline std::pair<file, file> socket_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) refuse("cannot make a pair of sockets");
    return {file{ends[0], "a socket"}, file{ends[1], "a socket"}};
}

/// Runs a program whose standard input and output are one socket. A death of ours closes its other end.
inline ::pid_t spawn_talking(std::vector<std::string> command, file const& talk, file const& complaints) {
    ::posix_spawn_file_actions_t actions{};
    ::posix_spawnattr_t attributes{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, talk.descriptor(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, talk.descriptor(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, complaints.descriptor(), STDERR_FILENO);
    ::sigset_t none{};
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    // What a terminal sends to all of its processes is not for this one: it ends with our last word.
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    auto const arguments = pointers_to(command);
    ::pid_t child = 0;
    int const problem =
        ::posix_spawnp(&child, command.front().c_str(), &actions, &attributes, arguments.data(), ::environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (problem == ENOENT) throw error{fault::configuration, "there is no program " + command.front()};
    if (problem != 0) refuse("cannot run " + command.front(), problem);
    return child;
}

}  // namespace detail

/// Runs the program, and ends it with itself. Not thread-safe.
class channel {
public:
    /// `command`: the program, looked up in PATH when its name has no slash, and its arguments; `shown` and `patience`:
    /// see duplex. @throws error  configuration, when there is no such program; unavailable
    channel(std::vector<std::string> command, std::string const& shown, std::chrono::milliseconds patience)
        : channel{std::move(command), shown, patience, detail::socket_pair(), detail::pipe_ends{}} {}
    channel(channel const&) = delete;
    channel& operator=(channel const&) = delete;
    ~channel() {
        talk_ = {};
        // A program that listens ends at once; one that hangs must not keep us.
        constexpr int looks = 200;
        for (int i = 0; i < looks; ++i) {
            if (::waitpid(child_, nullptr, WNOHANG) != 0) return;
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        ::kill(-child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }

    /// To talk to it.
    [[nodiscard]] duplex& link() noexcept { return link_; }

private:
    channel(std::vector<std::string> command, std::string const& shown, std::chrono::milliseconds patience,
            std::pair<file, file> ends, detail::pipe_ends complaints)
        : talk_{std::move(ends.first)}, heard_{std::move(complaints.from)},
          child_{detail::spawn_talking(std::move(command), ends.second, complaints.to)},
          link_{talk_.descriptor(), talk_.descriptor(), shown, patience} {
        link_.listen_to(heard_.descriptor());
    }

    file talk_;
    file heard_;
    ::pid_t child_;
    duplex link_;
};

}  // namespace walmgr
