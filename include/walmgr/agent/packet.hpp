/// What an agent and those who ask it say to each other: packets over a local socket, which keep their bounds. A packet
/// is a list of fields with zero bytes between. The first field of a request is the version of the protocol, of an
/// answer what kind it is.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// Changes with the meaning of any packet.
inline constexpr std::string_view agent_protocol = "walmgr-agent-1";

/// Kinds of answers.
namespace agent_says {
inline constexpr std::string_view working = "working";    ///< a sign of life, once a second; another answer follows
inline constexpr std::string_view done = "done";          ///< as asked; behind it warnings
inline constexpr std::string_view failed = "failed";      ///< behind it the number of a fault, and why
inline constexpr std::string_view declined = "declined";  ///< do it yourself; behind it why
}  // namespace agent_says

/// Fields as one packet.
inline std::string packet_of(std::vector<std::string> const& fields) {
    std::string out;
    for (auto const& one : fields)
        out.append(out.empty() ? "" : std::string_view{"\0", 1}).append(one);
    return out;
}
/// And back.
inline std::vector<std::string> fields_of(std::string_view packet) {
    std::vector<std::string> fields;
    for (;;) {
        auto const end = packet.find('\0');
        fields.emplace_back(packet.substr(0, end));
        if (end == packet.npos) return fields;
        packet.remove_prefix(end + 1);
    }
}

namespace detail {

/// Whether the process at the other end is of our user, or of root.
inline bool is_trusted(int socket) {
    ::ucred who{};
    ::socklen_t size = sizeof who;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == ::geteuid() || who.uid == 0);
}

inline ::sockaddr_un socket_address(std::string const& path) {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw error{fault::configuration, "the path of a socket has at most " +
                                              std::to_string(sizeof address.sun_path - 1) + " bytes: " + path};
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}
/// Nothing open when the system has none left.
inline file make_socket(std::string const& path) {
    return {::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), path};
}
inline void set_patience(int socket, std::chrono::milliseconds patience) {
    ::timeval const time{.tv_sec = patience.count() / 1000, .tv_usec = patience.count() % 1000 * 1000};
    for (int const way : {SO_RCVTIMEO, SO_SNDTIMEO})
        ::setsockopt(socket, SOL_SOCKET, way, &time, sizeof time);
}

inline bool send_packet(int socket, std::vector<std::string> const& fields) {
    auto const packet = packet_of(fields);
    ::ssize_t sent = -1;
    do
        sent = ::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == static_cast<::ssize_t>(packet.size());
}
/// Nothing when the link ended, nothing came in time, or what came is too long.
inline std::optional<std::vector<std::string>> receive_packet(int socket) {
    constexpr std::size_t longest = std::size_t{64} << 10U;
    std::string packet(longest, '\0');
    ::ssize_t got = -1;
    do
        got = ::recv(socket, packet.data(), packet.size(), MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    if (got <= 0 || got > static_cast<::ssize_t>(packet.size())) return std::nullopt;
    return fields_of(std::string_view{packet}.substr(0, static_cast<std::size_t>(got)));
}

}  // namespace detail
}  // namespace walmgr
