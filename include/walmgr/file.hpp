/// File descriptors that close themselves, and what the system says when it refuses.
#pragma once

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace walmgr {

/// Throws what `number` (of errno) means, by its kind. `what`: "cannot write /srv/wal/x".
[[noreturn]] inline void refuse(std::string const& what, int number = errno) {
    auto const kind = number == ENOSPC || number == EDQUOT ? fault::disk_full : fault::unavailable;
    throw error{kind, what + ": " + std::generic_category().message(number)};
}

/// An open file. Errors name its path. Not thread-safe.
class file {
public:
    file() = default;
    /// `path` is for messages.
    file(int descriptor, std::string path) : descriptor_{descriptor}, path_{std::move(path)} {}
    file(file&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)}, path_{std::move(other.path_)} {}
    file& operator=(file&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        std::swap(path_, other.path_);
        return *this;
    }
    ~file() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    /// False for a default one, and where there was no such file.
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
    /// For system calls; stays ours.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// As it was opened.
    [[nodiscard]] std::string const& path() const noexcept { return path_; }

    /// In bytes, at present.
    [[nodiscard]] std::uint64_t size() const {
        struct stat found {};
        if (::fstat(descriptor_, &found) != 0) refuse("cannot look at " + path_);
        return static_cast<std::uint64_t>(found.st_size);
    }

    /// Writes all of it at the end of what was written.
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count < 0 && errno != EINTR) refuse("cannot write " + path_);
            if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    /// Fills `into` from `offset` on. @return bytes read, fewer than asked for at the end of the file only
    std::size_t read(std::uint64_t offset, std::span<char> into) const {
        std::size_t all = 0;
        while (all < into.size()) {
            auto const count =
                ::pread(descriptor_, into.data() + all, into.size() - all, static_cast<off_t>(offset + all));
            if (count < 0 && errno != EINTR) refuse("cannot read " + path_);
            if (count == 0) break;
            if (count > 0) all += static_cast<std::size_t>(count);
        }
        return all;
    }

    /// Returns when what was written will survive a loss of power.
    void sync() {
        if (::fsync(descriptor_) != 0) refuse("cannot make " + path_ + " durable");
    }
    /// Closes, and tells what the system kept for this moment.
    void close() {
        if (::close(std::exchange(descriptor_, -1)) != 0) refuse("cannot close " + path_);
    }

private:
    int descriptor_ = -1;
    std::string path_{};
};

/// Nothing open when there is no such file.
inline file open_file(std::string const& path, int flags = O_RDONLY, ::mode_t mode = 0600) {
    int const descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (descriptor < 0 && errno == ENOENT) return {};
    if (descriptor < 0) refuse("cannot open " + path);
    return {descriptor, path};
}

/// A word that no other process has used or will use, for names of files. @throws error  unavailable
inline std::string unique_word() {
    std::uint64_t chance = 0;
    if (::getentropy(&chance, sizeof chance) != 0) refuse("the system gives no random numbers");
    return std::to_string(::getpid()) + '.' + std::to_string(chance);
}

/// Makes the names in a folder durable.
inline void sync_folder(std::string const& path) {
    auto folder = open_file(path, O_RDONLY | O_DIRECTORY);
    if (!folder.is_open()) refuse("cannot open " + path, ENOENT);
    folder.sync();
}

}  // namespace walmgr
