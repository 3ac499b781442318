/// A file without a name that holds events while their batch does not fit into memory. Gone when it is closed.
/// Not for users: <pgq/policy/spooled.hpp>.
#pragma once

#include <pgq/error.hpp>
#include <pgq/event.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace pgq::detail {

/// Written once, then read once. @throws error  when the disk is full or fails; the message names the folder
class spool_file {
public:
    spool_file() : folder_{folder()} {
        file_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (file_ < 0) create_by_name();
    }
    spool_file(spool_file const&) = delete;
    spool_file& operator=(spool_file const&) = delete;
    ~spool_file() { ::close(file_); }

    void append(event const& ev) {
        fixed_part head{ev.id, ev.time.microseconds, ev.txid, ev.retry, {}};
        auto const texts = columns(ev);
        for (std::size_t i = 0; i < texts.size(); ++i)
            head.sizes[i] = texts[i] ? static_cast<std::int64_t>(texts[i]->size()) : -1;
        buffer_.append(reinterpret_cast<char const*>(&head), sizeof head);
        for (auto const& text : texts)
            buffer_ += text.value_or(std::string_view{});
        ++written_;
        if (buffer_.size() >= block) flush();
    }

    /// From now on next() may be called, and append() no more.
    void rewind() {
        flush();
        if (::lseek(file_, 0, SEEK_SET) != 0) fail("read");
        buffer_.clear();
        at_ = 0;
    }

    /// The event's views live until the next call.
    bool next(event& into) {
        if (written_ == 0) return false;
        --written_;
        need(sizeof(fixed_part));
        fixed_part head;
        std::memcpy(&head, buffer_.data() + at_, sizeof head);
        std::size_t total = sizeof head;
        for (auto const size : head.sizes)
            total += size < 0 ? 0 : static_cast<std::size_t>(size);
        need(total);
        into.id = head.id;
        into.time = timestamp{head.time};
        into.txid = head.txid;
        into.retry = static_cast<int>(head.retry);
        char const* text = buffer_.data() + at_ + sizeof head;
        auto const take = [&](std::int64_t size) -> nullable_text {
            if (size < 0) return std::nullopt;
            std::string_view const view{text, static_cast<std::size_t>(size)};
            text += size;
            return view;
        };
        into.type = take(head.sizes[0]).value_or(std::string_view{});
        into.data = take(head.sizes[1]).value_or(std::string_view{});
        for (std::size_t i = 0; i < into.extra.size(); ++i)
            into.extra[i] = take(head.sizes[2 + i]);
        at_ += total;
        return true;
    }

private:
    static constexpr std::size_t block = std::size_t{256} << 10U;

    struct fixed_part {
        std::int64_t id, time, txid, retry;
        std::array<std::int64_t, 6> sizes;
    };

    static std::string folder() {
        char const* const chosen = std::getenv("TMPDIR");
        return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";  // /tmp may be memory
    }

    void create_by_name() {
        std::string name = folder_ + "/pgq-batch-XXXXXX";
        file_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (file_ < 0) fail("create");
        ::unlink(name.c_str());
    }

    static std::array<nullable_text, 6> columns(event const& ev) {
        auto const text = [](std::string_view view) {
            return view.data() == nullptr ? std::nullopt : nullable_text{view};
        };
        return {text(ev.type), text(ev.data), ev.extra[0], ev.extra[1], ev.extra[2], ev.extra[3]};
    }

    void flush() {
        std::string_view rest = buffer_;
        while (!rest.empty()) {
            auto const count = ::write(file_, rest.data(), rest.size());
            if (count < 0 && errno != EINTR) fail("write");
            if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
        }
        buffer_.clear();
    }

    /// Has `size` bytes in the buffer from at_ on.
    void need(std::size_t size) {
        if (buffer_.size() - at_ >= size) return;
        buffer_.erase(0, at_);
        at_ = 0;
        std::size_t filled = buffer_.size();
        buffer_.resize(filled + (size > block ? size : block));
        while (filled < size) {
            auto const count = ::read(file_, buffer_.data() + filled, buffer_.size() - filled);
            if (count == 0) errno = EIO;
            if (count == 0 || (count < 0 && errno != EINTR)) fail("read");
            if (count > 0) filled += static_cast<std::size_t>(count);
        }
        buffer_.resize(filled);
    }

    [[noreturn]] void fail(char const* what) const {
        throw error{std::string{"cannot "} + what + " the file for a large batch in " + folder_ + ": " +
                    std::generic_category().message(errno) + "; set TMPDIR to a folder with more room"};
    }

    std::string folder_;
    int file_ = -1;
    std::string buffer_{};
    std::size_t at_ = 0;
    std::size_t written_ = 0;
};

}  // namespace pgq::detail
