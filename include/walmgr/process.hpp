/// Programs of others, run with a list of arguments and never through a shell: nothing in a name or a connection string
/// can become a command.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// How a program is run.
struct process_options {
    /// It is asked to end when this has passed, and killed five seconds later, with all that it started in its group.
    std::chrono::milliseconds deadline{std::chrono::minutes{10}};
    /// Settings that it gets besides our own, such as {"LC_ALL", "C"}.
    std::vector<std::pair<std::string, std::string>> environment{};
    /// Open files that it inherits; -1 is none. A lock on one is held until the program ends, even when we are killed.
    std::vector<int> inherited{};
    /// What it reads from standard input, at most 4096 bytes. Its end comes when we end, or when the program does; with
    /// nothing here it comes at once.
    std::string input{};
};

/// What became of it.
struct process_result {
    int status = 0;     ///< its exit status; 128 and the signal's number when a signal ended it
    std::string out{};  ///< the first MiB that it wrote to standard output
    std::string err{};  ///< the first MiB that it wrote to standard error
};

namespace detail {

class pipe_ends {
public:
    pipe_ends() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) refuse("cannot make a pipe");
        from = file{ends[0], "a pipe"};
        to = file{ends[1], "a pipe"};
    }
    /// Moves what is there into `text`. False at the end.
    bool drain(std::string& text) {
        constexpr std::size_t most = std::size_t{1} << 20U;
        std::array<char, 4096> block{};
        auto const count = ::read(from.descriptor(), block.data(), block.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
        if (count <= 0) return false;
        text.append(block.data(), std::min(static_cast<std::size_t>(count), most - text.size()));
        return true;
    }

    file from{};
    file to{};
};

/// Our environment with `more` in it, as spawning wants it. The strings must outlive it.
inline std::vector<std::string> environment_with(std::vector<std::pair<std::string, std::string>> const& more) {
    std::vector<std::string> all;
    for (char** one = ::environ; one != nullptr && *one != nullptr; ++one) {
        std::string_view const text{*one};
        auto const name = text.substr(0, text.find('='));
        if (std::none_of(more.begin(), more.end(), [&](auto const& pair) { return pair.first == name; }))
            all.emplace_back(text);
    }
    for (auto const& [name, value] : more)
        all.push_back(name + '=' + value);
    return all;
}

inline std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// Starts it in a process group of its own, with no signal blocked and none ignored.
inline ::pid_t spawn(std::vector<std::string> command, process_options const& wanted, pipe_ends const& in,
                     pipe_ends const& out, pipe_ends const& err) {
    ::posix_spawn_file_actions_t actions{};
    ::posix_spawnattr_t attributes{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    if (in.from.is_open()) ::posix_spawn_file_actions_adddup2(&actions, in.from.descriptor(), STDIN_FILENO);
    else ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.to.descriptor(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.to.descriptor(), STDERR_FILENO);
    // A descriptor laid upon itself stays open in the program.
    for (int const open : wanted.inherited)
        if (open >= 0) ::posix_spawn_file_actions_adddup2(&actions, open, open);
    ::sigset_t none{};
    ::sigset_t all{};
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    auto const arguments = pointers_to(command);
    auto settings = environment_with(wanted.environment);
    auto const environment = pointers_to(settings);
    ::pid_t child = 0;
    int const problem =
        ::posix_spawnp(&child, command.front().c_str(), &actions, &attributes, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (problem == ENOENT)
        throw error{fault::configuration, "there is no program " + command.front() +
                                              "; name the folder of PostgreSQL's programs in master_bin or slave_bin"};
    if (problem != 0) refuse("cannot run " + command.front(), problem);
    return child;
}

/// The exit status once it has ended, nothing before.
inline std::optional<int> ended(::pid_t child) {
    int status = 0;
    auto const found = ::waitpid(child, &status, WNOHANG);
    if (found == 0 || (found < 0 && errno == EINTR)) return std::nullopt;
    if (found < 0) refuse("cannot wait for a program");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace detail

/// The first line of what a program said that is not empty: for messages.
inline std::string first_line(std::string_view text) {
    auto const begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    return std::string{text.substr(begin, std::min(text.find_first_of("\r\n", begin), text.size()) - begin)};
}

/// The line that says why, of a program that tells of its progress as well: PostgreSQL's call it an error, or fatal.
inline std::string telling_line(std::string_view text) {
    auto const why = std::min(text.find("error: "), text.find("fatal: "));
    return first_line(why == text.npos ? text : text.substr(text.rfind('\n', why) + 1));
}

/// Runs a program, which is looked up in PATH when its name has no slash, and waits for its end. What it leaves running
/// in the background, as pg_ctl does, is not waited for.
/// @throws error  configuration, when there is no such program; timed_out, when the deadline has passed; unavailable
inline process_result run_process(std::vector<std::string> const& command, process_options const& wanted = {}) {
    using clock = std::chrono::steady_clock;
    constexpr int look_again_ms = 20;
    constexpr std::chrono::seconds grace{5};
    detail::pipe_ends in;
    detail::pipe_ends out;
    detail::pipe_ends err;
    if (wanted.input.empty()) in.from = {};
    else in.to.write(wanted.input);
    auto const child = detail::spawn(command, wanted, in, out, err);
    in.from = {};
    out.to = {};
    err.to = {};
    for (auto* const one : {&out, &err})
        ::fcntl(one->from.descriptor(), F_SETFL, O_NONBLOCK);

    process_result result;
    auto const end = clock::now() + wanted.deadline;
    bool asked = false;
    std::optional<int> status;
    std::array<::pollfd, 2> watched{{{out.from.descriptor(), POLLIN, 0}, {err.from.descriptor(), POLLIN, 0}}};
    auto const take = [&] {
        if (watched[0].revents != 0 && !out.drain(result.out)) watched[0].fd = -1;
        if (watched[1].revents != 0 && !err.drain(result.err)) watched[1].fd = -1;
    };
    while (!(status = detail::ended(child))) {
        if (!asked && clock::now() > end) {
            ::kill(-child, SIGTERM);
            asked = true;
        }
        if (asked && clock::now() > end + grace) ::kill(-child, SIGKILL);
        if (::poll(watched.data(), watched.size(), look_again_ms) > 0) take();
    }
    // What it wrote last; whoever lives on with our pipes in his hands, and goes on writing, must not keep us.
    constexpr int most_blocks = 1024;
    for (int i = 0; i<most_blocks&& ::poll(watched.data(), watched.size(), 0)> 0; ++i)
        take();
    if (asked)
        throw error{fault::timed_out,
                    command.front() + " did not end within " +
                        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(wanted.deadline).count()) +
                        " s and was stopped"};
    result.status = *status;
    return result;
}

/// Runs a program that must succeed. @return what it wrote to standard output
/// @throws error  as run_process(), and unavailable with the first line of what it complained of
inline std::string run_checked(std::vector<std::string> const& command, process_options const& wanted = {}) {
    auto done = run_process(command, wanted);
    if (done.status == 0) return std::move(done.out);
    auto const said = telling_line(done.err.empty() ? done.out : done.err);
    throw error{fault::unavailable, command.front() + " ended with status " + std::to_string(done.status) +
                                        (said.empty() ? "" : ": " + said)};
}

}  // namespace walmgr
