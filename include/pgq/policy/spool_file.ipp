// Bodies of <pgq/policy/spool_file.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/spool_file.hpp>

namespace pgq::detail {

PGQ_INLINE spool_file::spool_file() : folder_{folder()} {
    file_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ < 0) create_by_name();
}

PGQ_INLINE void spool_file::append(std::string_view bytes) {
    while (!bytes.empty()) {
        auto const count = ::write(file_, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) fail("write");
        if (count <= 0) continue;
        bytes.remove_prefix(static_cast<std::size_t>(count));
        size_ += static_cast<std::size_t>(count);
    }
}

PGQ_INLINE void spool_file::read(std::size_t offset, std::span<char> into) const {
    while (!into.empty()) {
        auto const count = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
        if (count == 0) errno = EIO;
        if (count == 0 || (count < 0 && errno != EINTR)) fail("read");
        if (count < 0) continue;
        into = into.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::size_t>(count);
    }
}

PGQ_INLINE std::string spool_file::folder() {
    char const* const chosen = std::getenv("TMPDIR");
    return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";  // /tmp may be memory
}

PGQ_INLINE void spool_file::create_by_name() {
    std::string name = folder_ + "/pgq-batch-XXXXXX";
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) fail("create");
    ::unlink(name.c_str());
}

PGQ_INLINE void spool_file::fail(char const* what) const {
    throw error{std::string{"cannot "} + what + " the file for a large batch in " + folder_ + ": " +
                std::generic_category().message(errno) + "; set TMPDIR to a folder with more room"};
}

}  // namespace pgq::detail
