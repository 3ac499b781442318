/// A file without a name for what does not fit into memory. Gone when it is closed.
/// Not for users: <pgq/policy/spooled.hpp>.
#pragma once

#include <pgq/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace pgq::detail {

/// Written at its end, read anywhere. @throws error  when the disk is full or fails; the message names the folder
class spool_file {
public:
    spool_file() : folder_{folder()} {
        file_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (file_ < 0) create_by_name();
    }
    spool_file(spool_file const&) = delete;
    spool_file& operator=(spool_file const&) = delete;
    ~spool_file() { ::close(file_); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    void append(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const count = ::write(file_, bytes.data(), bytes.size());
            if (count < 0 && errno != EINTR) fail("write");
            if (count <= 0) continue;
            bytes.remove_prefix(static_cast<std::size_t>(count));
            size_ += static_cast<std::size_t>(count);
        }
    }

    /// Fills all of `into` from `offset` on.
    void read(std::size_t offset, std::span<char> into) const {
        while (!into.empty()) {
            auto const count = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
            if (count == 0) errno = EIO;
            if (count == 0 || (count < 0 && errno != EINTR)) fail("read");
            if (count < 0) continue;
            into = into.subspan(static_cast<std::size_t>(count));
            offset += static_cast<std::size_t>(count);
        }
    }

private:
    [[gnu::cold]] static std::string folder() {
        char const* const chosen = std::getenv("TMPDIR");
        return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";  // /tmp may be memory
    }

    [[gnu::cold]] void create_by_name() {
        std::string name = folder_ + "/pgq-batch-XXXXXX";
        file_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (file_ < 0) fail("create");
        ::unlink(name.c_str());
    }

    [[noreturn, gnu::cold]] void fail(char const* what) const {
        throw error{std::string{"cannot "} + what + " the file for a large batch in " + folder_ + ": " +
                    std::generic_category().message(errno) + "; set TMPDIR to a folder with more room"};
    }

    std::string folder_;
    int file_ = -1;
    std::size_t size_ = 0;
};

}  // namespace pgq::detail
