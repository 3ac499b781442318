/// A link between client and server that breaks or stalls on command, at a chosen point of the conversation.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/conninfo.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// What happens to the link when the client sends the trigger.
enum class fault {
    none,
    cut_before,    ///< the link breaks and the server never sees it
    cut_after,     ///< the server gets it, and the link breaks before the answer
    stall_before,  ///< nothing passes any more, in either direction, and the link stays open
    stall_after    ///< the server gets it, and its answer never passes
};

/// Forwards a port of 127.0.0.1 to the unix socket of the server in `conninfo`, on a thread of its own.
class proxy {
public:
    explicit proxy(std::string const& conninfo) {
        std::string socket_folder;
        std::string port{"5432"};
        for (auto const& one : pgq::libpq::parse_conninfo(conninfo)) {
            if (one.keyword == "host") {
                socket_folder = one.value;
            } else if (one.keyword == "port") {
                port = one.value;
            } else {
                rest_ += ' ' + one.keyword + '=' + pgq::libpq::quote_conninfo_value(one.value);
            }
        }
        upstream_ = socket_folder + "/.s.PGSQL." + port;
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, as_generic(address), size) != 0 || ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, as_generic(address), &size) != 0) {
            throw pgq::error{std::string{"the proxy cannot listen: "} + std::strerror(errno)};
        }
        port_ = ntohs(address.sin_port);
        worker_ = std::jthread{[this](std::stop_token const& stop) { run(stop); }};
    }
    proxy(proxy const&) = delete;
    proxy& operator=(proxy const&) = delete;
    ~proxy() {
        worker_.request_stop();
        worker_.join();
        for (auto const& one : links_)
            close_link(one);
        ::close(listener_);
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string conninfo() const {
        return "host=127.0.0.1 port=" + std::to_string(port_) + " sslmode=disable gssencmode=disable" + rest_;
    }

    /// From now on `what` happens when a client sends `trigger`; the empty trigger is the first bytes of a session.
    void arm(fault what, std::string trigger) {
        std::scoped_lock const held{lock_};
        fault_ = what;
        trigger_ = std::move(trigger);
        struck_ = false;
    }
    /// New sessions pass again; those that stalled stay as they are.
    void disarm() { arm(fault::none, {}); }
    /// From now on messages from NOTIFY do not pass, and everything else does.
    void swallow_notifications() { swallows_ = true; }
    [[nodiscard]] int swallowed() const { return swallowed_; }
    /// True once the fault has happened.
    [[nodiscard]] bool struck() const { return struck_; }

private:
    struct link {
        int client = -1;
        int server = -1;
        bool stalled = false;
        bool mute = false;  ///< what the server says is not passed on
        bool dead = false;
        std::string said{};  ///< of the server, up to the end of a message that is still to come
    };

    static sockaddr* as_generic(auto& address) { return static_cast<sockaddr*>(static_cast<void*>(&address)); }

    static void close_link(link const& one) {
        if (one.client >= 0) ::close(one.client);
        if (one.server >= 0) ::close(one.server);
    }

    void run(std::stop_token const& stop) {
        while (!stop.stop_requested()) {
            std::vector<pollfd> watched{{listener_, POLLIN, 0}};
            for (auto const& one : links_) {
                watched.push_back({one.stalled ? -1 : one.client, POLLIN, 0});
                watched.push_back({one.stalled || one.mute ? -1 : one.server, POLLIN, 0});
            }
            if (::poll(watched.data(), watched.size(), 20) <= 0) continue;
            std::size_t at = 1;
            for (auto& one : links_) {
                if (watched[at++].revents != 0) from_client(one);
                if (watched[at++].revents != 0 && !one.dead && !one.stalled && !one.mute) from_server(one);
            }
            std::erase_if(links_, [](link const& one) {
                if (one.dead) close_link(one);
                return one.dead;
            });
            if (watched[0].revents != 0) accept();
        }
    }

    void accept() {
        link fresh{.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)};
        if (fresh.client < 0) return;
        fresh.server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        auto const room = std::min(upstream_.size(), sizeof address.sun_path - 1);
        std::copy_n(upstream_.begin(), room, std::begin(address.sun_path));
        fresh.dead = ::connect(fresh.server, as_generic(address), sizeof address) != 0;
        timeval const patience{10, 0};  // a peer that takes or gives nothing must not hold the proxy for ever
        for (int const end : {fresh.client, fresh.server}) {
            ::setsockopt(end, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
            ::setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        }
        links_.push_back(fresh);
    }

    void from_client(link& one) {
        auto const bytes = ::recv(one.client, buffer_.data(), buffer_.size(), 0);
        if (bytes <= 0) {
            one.dead = true;
            return;
        }
        std::string_view const text{buffer_.data(), static_cast<std::size_t>(bytes)};
        auto const what = fault_for(text);
        one.stalled = what == fault::stall_before;
        one.mute = what == fault::stall_after;
        if (what != fault::cut_before && !one.stalled) send_all(one, one.server, text);
        if (what == fault::cut_after)
            static_cast<void>(::recv(one.server, buffer_.data(), 1, 0));  // it was carried out
        one.dead = one.dead || what == fault::cut_before || what == fault::cut_after;
        if (what != fault::none) struck_ = true;
    }

    fault fault_for(std::string_view text) {
        std::scoped_lock const held{lock_};
        return text.find(trigger_) == std::string_view::npos ? fault::none : fault_;
    }

    void from_server(link& one) {
        auto const bytes = ::recv(one.server, buffer_.data(), buffer_.size(), 0);
        if (bytes <= 0) {
            one.dead = true;
            return;
        }
        if (!swallows_) {
            send_all(one, one.client, std::exchange(one.said, {}));
            send_all(one, one.client, {buffer_.data(), static_cast<std::size_t>(bytes)});
            return;
        }
        one.said.append(buffer_.data(), static_cast<std::size_t>(bytes));
        std::string passed;
        // A message is a letter and its length, which counts itself; 'A' is a notification.
        while (one.said.size() >= 5) {
            std::size_t length = 0;
            for (std::size_t i = 1; i < 5; ++i)
                length = length * 256 + static_cast<unsigned char>(one.said[i]);
            ++length;
            if (one.said.size() < length) break;
            if (one.said.front() == 'A') ++swallowed_;
            else passed.append(one.said, 0, length);
            one.said.erase(0, length);
        }
        send_all(one, one.client, passed);
    }

    static void send_all(link& one, int to, std::string_view text) {
        while (!text.empty()) {
            auto const sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                one.dead = true;
                return;
            }
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    std::string upstream_{};
    std::string rest_{};
    int listener_ = -1;
    int port_ = 0;
    std::list<link> links_{};
    std::array<char, 65'536> buffer_{};
    std::mutex lock_{};
    fault fault_ = fault::none;
    std::string trigger_{};
    std::atomic<bool> struck_ = false;
    std::atomic<bool> swallows_ = false;
    std::atomic<int> swallowed_ = 0;
    std::jthread worker_{};
};

}  // namespace support
