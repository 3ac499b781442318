/// Bytes both ways, with a deadline on every wait.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <walmgr/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace walmgr {

/// Two descriptors, which stay the caller's. Not thread-safe. Whatever goes wrong is an error `unavailable` that says
/// who is at the other end; after it nothing more may be sent or received.
class duplex {
public:
    /// @param shown     who is at the other end, for messages
    /// @param patience  how long a wait may last without a byte going either way
    duplex(int in, int out, std::string shown, std::chrono::milliseconds patience)
        : in_{in}, out_{out}, shown_{std::move(shown)}, patience_{patience} {
        for (int const one : {in_, out_})
            ::fcntl(one, F_SETFL, ::fcntl(one, F_GETFL) | O_NONBLOCK);
    }

    /// What comes from this descriptor meanwhile is kept for messages: a program's standard error.
    void listen_to(int complaints) {
        complaints_ = complaints;
        ::fcntl(complaints_, F_SETFL, ::fcntl(complaints_, F_GETFL) | O_NONBLOCK);
    }

    /// Returns when the system has taken all of it. When the other end has hung up, what it said before that tells
    /// more: it is left for the next `receive`, and what was to be sent is dropped.
    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            auto count = ::send(out_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0 && errno == ENOTSOCK) count = ::write(out_, bytes.data(), bytes.size());
            if (count >= 0) bytes.remove_prefix(static_cast<std::size_t>(count));
            else if (errno == EAGAIN) wait(out_, POLLOUT);
            else if (errno != EINTR) {
                auto const why = "the link was cut: " + std::generic_category().message(errno);
                if ((errno == EPIPE || errno == ECONNRESET) && more()) return;
                lost(why);
            }
        }
    }

    /// Fills `into`.
    void receive(std::span<char> into) {
        while (!into.empty()) {
            if (taken_ < filled_) {
                auto const count = std::min(into.size(), filled_ - taken_);
                std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(taken_), count, into.begin());
                taken_ += count;
                into = into.subspan(count);
            } else if (into.size() >= buffer_.size()) {
                into = into.subspan(some(into));
            } else {
                taken_ = 0;
                filled_ = 0;
                filled_ = some(buffer_);
            }
        }
    }

    /// Waits until there is something to receive. False when the other end has hung up instead, which is fine between
    /// two messages.
    bool more() {
        while (taken_ == filled_) {
            auto const count = ::read(in_, buffer_.data(), buffer_.size());
            if (count == 0) return false;
            taken_ = 0;
            filled_ = count > 0 ? static_cast<std::size_t>(count) : 0;
            if (count < 0 && errno == EAGAIN) wait(in_, POLLIN);
            else if (count < 0 && errno != EINTR) lost("the link was cut: " + std::generic_category().message(errno));
        }
        return true;
    }

    /// False once the other end has hung up, or has said something that nobody asked for.
    [[nodiscard]] bool is_quiet() const {
        ::pollfd watched{in_, POLLIN, 0};
        return !broken_ && taken_ == filled_ && ::poll(&watched, 1, 0) == 0;
    }
    /// True after an error.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }
    [[nodiscard]] std::string const& shown() const noexcept { return shown_; }

    /// Throws about the other end, with its last complaint. @throws error  unavailable, always
    [[noreturn]] void lost(std::string const& why) {
        broken_ = true;
        // What a program complains of comes about when its end does.
        constexpr int moment_ms = 500;
        ::pollfd watched{complaints_, POLLIN, 0};
        while (complaints_ >= 0 && ::poll(&watched, 1, moment_ms) > 0 && hear()) {}
        auto const end = said_.find_last_not_of(" \r\n\t");
        auto const begin = end == std::string::npos ? end : said_.find_last_of('\n', end);
        auto const last = end == std::string::npos ? std::string{} : said_.substr(begin + 1, end - (begin + 1) + 1);
        throw error{fault::unavailable, shown_ + ": " + why + (last.empty() ? "" : " (" + last + ')')};
    }

private:
    std::size_t some(std::span<char> into) {
        for (;;) {
            auto const count = ::read(in_, into.data(), into.size());
            if (count > 0) return static_cast<std::size_t>(count);
            if (count == 0) lost("the link was cut");
            if (errno == EAGAIN) wait(in_, POLLIN);
            else if (errno != EINTR) lost("the link was cut: " + std::generic_category().message(errno));
        }
    }

    void wait(int descriptor, short event) {
        using clock = std::chrono::steady_clock;
        auto const end = clock::now() + patience_;
        for (;;) {
            auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now());
            if (left.count() <= 0)
                lost("no answer for " +
                     std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience_).count()) + " s");
            std::array<::pollfd, 2> watched{{{descriptor, event, 0}, {complaints_, POLLIN, 0}}};
            int const ready = ::poll(watched.data(), watched.size(), static_cast<int>(left.count()) + 1);
            if (ready < 0 && errno != EINTR) lost("waiting failed: " + std::generic_category().message(errno));
            if (watched[1].revents != 0 && !hear()) complaints_ = -1;
            if (watched[0].revents != 0) return;
        }
    }

    /// False at the end of the complaints.
    bool hear() {
        constexpr std::size_t most = 4096;
        std::array<char, 1024> block{};
        auto const count = ::read(complaints_, block.data(), block.size());
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
        if (count > 0) said_.append(block.data(), static_cast<std::size_t>(count));
        if (said_.size() > most) said_.erase(0, said_.size() - most);
        return true;
    }

    int in_;
    int out_;
    int complaints_ = -1;
    std::string shown_;
    std::chrono::milliseconds patience_;
    std::string said_{};
    std::string buffer_ = std::string(std::size_t{64} << 10U, '\0');
    std::size_t taken_ = 0;
    std::size_t filled_ = 0;
    bool broken_ = false;
};

}  // namespace walmgr
