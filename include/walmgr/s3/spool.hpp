/// Bytes that wait until their length and digest are known: an object store wants both first. Not for users.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <walmgr/file.hpp>
#include <walmgr/sha256.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace walmgr::detail {

/// A file without a name in the folder for temporary files (TMPDIR, else /tmp), which is gone with its last user.
class spool {
public:
    spool() {
        char const* const told = std::getenv("TMPDIR");
        std::string name = std::string{told != nullptr && *told == '/' ? told : "/tmp"} + "/walmgr.XXXXXX";
        int const descriptor = ::mkostemp(name.data(), O_CLOEXEC);
        if (descriptor < 0) refuse("cannot create " + name);
        bytes_ = file{descriptor, name};
        ::unlink(name.c_str());
    }

    void write(std::string_view bytes) {
        bytes_.write(bytes);
        hash_.update(bytes);
        size_ += bytes.size();
    }
    /// Once, after the last write().
    digest finish() { return hash_.finish(); }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    std::size_t read(std::uint64_t offset, std::span<char> into) const { return bytes_.read(offset, into); }

private:
    file bytes_{};
    sha256 hash_{};
    std::uint64_t size_ = 0;
};

}  // namespace walmgr::detail
