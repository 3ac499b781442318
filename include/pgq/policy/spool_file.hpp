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
    spool_file();
    spool_file(spool_file const&) = delete;
    spool_file& operator=(spool_file const&) = delete;
    ~spool_file() { ::close(file_); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    void append(std::string_view bytes);

    /// Fills all of `into` from `offset` on.
    void read(std::size_t offset, std::span<char> into) const;

private:
    [[gnu::cold]] static std::string folder();

    [[gnu::cold]] void create_by_name();

    [[noreturn, gnu::cold]] void fail(char const* what) const;

    std::string folder_;
    int file_ = -1;
    std::size_t size_ = 0;
};

}  // namespace pgq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/spool_file.ipp>
#endif
