/// Whether a server runs on a data folder: what a pid file says is asked for, and what the system knows without one.
#pragma once

#include <dirent.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <walmgr/file.hpp>
#include <walmgr/open_folder.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {
namespace detail {

/// The lines of postmaster.pid; none when there is no such file. Source: pidfile.h.
inline std::vector<std::string> pid_file_lines(std::string const& data) {
    std::vector<std::string> lines;
    auto const pid_file = open_file(data + "/postmaster.pid");
    if (!pid_file.is_open()) return lines;
    std::string text(4096, '\0');
    text.resize(pid_file.read(0, text));
    for (std::size_t at = 0; at < text.size();) {
        auto const end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

inline std::optional<::pid_t> number_of_process(std::string_view text) {
    ::pid_t number = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || number <= 0 || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Whether somebody listens on the socket that a pid file names: a server of another container has no process here.
inline bool answers(std::vector<std::string> const& lines) {
    constexpr std::size_t port_line = 3;
    constexpr std::size_t folder_line = 4;
    if (lines.size() <= folder_line || lines[folder_line].empty()) return false;
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto const path = lines[folder_line] + "/.s.PGSQL." + lines[port_line];
    if (path.size() >= sizeof address.sun_path) return false;
    path.copy(address.sun_path, path.size());
    file const socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), path};
    if (!socket.is_open()) return false;
    if (::connect(socket.descriptor(), reinterpret_cast<::sockaddr const*>(&address), sizeof address) == 0) return true;
    return errno == EAGAIN || errno == EINPROGRESS || errno == EACCES;
}

/// The folder that a process works in; nothing when it is gone or another user's.
inline std::optional<std::string> working_folder(::pid_t process) {
    std::array<char, 4096> path{};
    auto const length = ::readlink(("/proc/" + std::to_string(process) + "/cwd").c_str(), path.data(), path.size());
    if (length < 0) return std::nullopt;
    return std::string{path.data(), static_cast<std::size_t>(length)};
}

inline std::string program_of(::pid_t process) {
    auto const name = open_file("/proc/" + std::to_string(process) + "/comm");
    std::string text(64, '\0');
    text.resize(name.is_open() ? name.read(0, text) : 0);
    return text.substr(0, text.find('\n'));
}

/// A server's process that works in the folder, whatever became of its pid file. Servers always work in theirs.
inline std::optional<::pid_t> process_working_in(std::string const& data) {
    open_folder const all{::opendir("/proc")};
    if (!all) return std::nullopt;
    while (auto const* const entry = ::readdir(all.get())) {
        auto const process = number_of_process(entry->d_name);
        if (!process || working_folder(*process) != data) continue;
        if (program_of(*process).starts_with("post")) return process;
    }
    return std::nullopt;
}

}  // namespace detail

/// Why a server may be running on `data`, a path without symbolic links; nothing when none does. A pid file that was
/// left behind by a server that is gone does not count.
inline std::optional<std::string> sign_of_server(std::string const& data) {
    if (auto const process = detail::process_working_in(data))
        return "process " + std::to_string(*process) + " of a server works there";
    auto const lines = detail::pid_file_lines(data);
    if (lines.empty()) return std::nullopt;
    auto const process = detail::number_of_process(lines.front());
    if (process && (::kill(*process, 0) == 0 || errno == EPERM)) {
        // A number can be another program's by now; that one works elsewhere.
        auto const works_in = detail::working_folder(*process);
        if (!works_in || *works_in == data)
            return "its postmaster.pid names process " + std::to_string(*process) +
                   ", which lives; if it is no server, remove that file";
    }
    if (detail::answers(lines)) return "a server answers on the socket that its postmaster.pid names";
    return std::nullopt;
}

}  // namespace walmgr
