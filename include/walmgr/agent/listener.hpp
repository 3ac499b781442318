/// The socket of an agent.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/agent/packet.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

namespace walmgr {

/// A path that others of the same user connect to. It is ours as long as a lock beside it is, so that one that a crash
/// has left is taken over, and one that is in use is not. Or somebody else's, who has made the socket, and listens
/// there when we have ended.
class agent_listener {
public:
    /// Listens at a socket that was handed over. @throws error  configuration, when that is another one than at `path`
    agent_listener(std::string path, file handed_over) : path_{std::move(path)}, socket_{std::move(handed_over)} {
        auto const wanted = detail::socket_address(path_);
        ::sockaddr_un bound{};
        ::socklen_t size = sizeof bound;
        int kind = 0;
        ::socklen_t kind_size = sizeof kind;
        int const of = socket_.descriptor();
        bool const is_ours = ::getsockname(of, reinterpret_cast<::sockaddr*>(&bound), &size) == 0 &&
                             ::getsockopt(of, SOL_SOCKET, SO_TYPE, &kind, &kind_size) == 0 && kind == SOCK_SEQPACKET &&
                             bound.sun_family == AF_UNIX &&
                             std::strncmp(bound.sun_path, wanted.sun_path, sizeof wanted.sun_path) == 0;
        if (!is_ours)
            throw error{fault::configuration, "the socket that was handed over does not listen for packets at " +
                                                  path_ +
                                                  "; in a unit of systemd that is ListenSequentialPacket=" + path_};
    }
    /// @throws error  locked, when another process listens there; unavailable and configuration
    explicit agent_listener(std::string path)
        : path_{std::move(path)}, lock_{open_file(path_ + ".lock", O_RDWR | O_CREAT)} {
        if (!lock_.is_open()) refuse("cannot create " + path_ + ".lock", ENOENT);
        if (::flock(lock_.descriptor(), LOCK_EX | LOCK_NB) != 0)
            throw error{fault::locked, "another agent listens at " + path_};
        socket_ = detail::make_socket(path_);
        if (!socket_.is_open()) refuse("cannot make a socket");
        auto const address = detail::socket_address(path_);
        detail::set_patience(socket_.descriptor(), std::chrono::seconds{2});
        if (::connect(socket_.descriptor(), reinterpret_cast<::sockaddr const*>(&address), sizeof address) == 0)
            throw error{fault::locked, "somebody listens at " + path_ + " for an agent, a unit of systemd perhaps"};
        remove();
        // For nobody else even between the two calls: the folder may be everybody's.
        auto const before = ::umask(0177);
        int const bound =
            ::bind(socket_.descriptor(), reinterpret_cast<::sockaddr const*>(&address), sizeof address) == 0 ? 0
                                                                                                             : errno;
        ::umask(before);
        if (bound != 0) refuse("cannot listen at " + path_, bound);
        if (::listen(socket_.descriptor(), 64) != 0) refuse("cannot listen at " + path_);
    }
    agent_listener(agent_listener const&) = delete;
    agent_listener& operator=(agent_listener const&) = delete;
    ~agent_listener() {
        if (lock_.is_open()) remove();
    }

    /// Somebody of our user who asks; nothing open when `wake` can be read, or nobody came in time.
    [[nodiscard]] file accept(int wake, std::chrono::milliseconds patience) const {
        std::array<::pollfd, 2> watched{{{socket_.descriptor(), POLLIN, 0}, {wake, POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), static_cast<int>(patience.count())) <= 0) return {};
        if (watched[1].revents != 0 || watched[0].revents == 0) return {};
        file came{::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC), "who asks at " + path_};
        if (!came.is_open() || !detail::is_trusted(came.descriptor())) return {};
        return came;
    }

private:
    /// Never anything but a socket, whatever path somebody has written.
    void remove() const {
        struct stat found {};
        if (::lstat(path_.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) ::unlink(path_.c_str());
    }

    std::string path_;
    file lock_{};  ///< open when the path is ours
    file socket_{};
};

}  // namespace walmgr
