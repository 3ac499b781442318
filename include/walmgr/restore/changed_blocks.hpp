/// Writing the changed blocks of an incremental backup into the file that they belong to.
///
/// What the server sends of such a file: 0xD3AE1F0D, how many blocks, and the length below which blocks that are not
/// there are those of before, 32 bits each; the blocks' numbers, 32 bits each; zeros up to the next block, where there
/// are blocks; the blocks. Numbers begin with their least significant byte. Source: sendFile in basebackup.c.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Takes the bytes of changes piece by piece. Until finish() the file is neither the old nor the new one.
class changed_blocks {
public:
    /// `size` is how many bytes will come. @throws error  corrupt, when there is no file at `path`
    changed_blocks(std::string const& path, std::uint64_t size) : size_{size} {
        out_ = open_file(path, O_RDWR | O_NOFOLLOW);
        if (!out_.is_open())
            throw error{fault::corrupt, path + " is not there, though an incremental backup has changes of it"};
        unshare();
    }

    /// @throws error  corrupt, for bytes that are no such changes; disk_full
    void write(std::string_view bytes) {
        came_ += bytes.size();
        // Where the head ends is known when its first numbers are.
        while (!begun_ && !bytes.empty()) {
            auto const taken = bytes.substr(0, wanted_ - head_.size());
            head_ += taken;
            bytes.remove_prefix(taken.size());
            if (head_.size() < wanted_) return;
            if (wanted_ == fixed) read_fixed();
            if (head_.size() == wanted_) begin_blocks();
        }
        while (!bytes.empty()) {
            auto const at = written_ / block;
            if (at >= numbers_.size()) bad("more blocks come than it says");
            auto const within = written_ % block;
            auto const some = bytes.substr(0, block - within);
            auto const place = static_cast<::off_t>(std::uint64_t{numbers_[at]} * block + within);
            if (::lseek(out_.descriptor(), place, SEEK_SET) < 0) refuse("cannot write " + out_.path());
            out_.write(some);
            written_ += some.size();
            bytes.remove_prefix(some.size());
        }
    }

    /// Gives the file its length, and closes it. @throws error  corrupt, when bytes are missing
    void finish(unsigned mode) {
        if (!begun_ || came_ != size_ || written_ != numbers_.size() * block) bad("it is cut short");
        std::uint64_t end = length_;
        if (!numbers_.empty()) end = std::max<std::uint64_t>(end, std::uint64_t{numbers_.back()} + 1);
        if (::ftruncate(out_.descriptor(), static_cast<::off_t>(end * block)) != 0)
            refuse("cannot set the length of " + out_.path());
        if (::fchmod(out_.descriptor(), mode) != 0) refuse("cannot set the permissions of " + out_.path());
        out_.close();
    }

private:
    static constexpr std::size_t block = 8192;
    static constexpr std::size_t fixed = 12;

    [[noreturn]] void bad(std::string const& why) const {
        throw error{fault::corrupt, "the changes of " + out_.path() + " in the backup are none: " + why};
    }
    [[nodiscard]] std::uint32_t number_at(std::size_t at) const {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < sizeof value; ++i)
            value |= std::uint32_t{static_cast<unsigned char>(head_[at + i])} << (8 * i);
        return value;
    }

    void read_fixed() {
        constexpr std::uint32_t magic = 0xD3AE'1F0D;
        if (number_at(0) != magic) bad("they do not begin as such");
        auto const count = number_at(4);
        length_ = number_at(8);
        auto const unpadded = fixed + std::uint64_t{count} * 4;
        auto const head = count == 0 ? unpadded : (unpadded + block - 1) / block * block;
        if (size_ != head + std::uint64_t{count} * block) bad("their length is not that of so many blocks");
        count_ = count;
        wanted_ = static_cast<std::size_t>(head);
    }
    void begin_blocks() {
        for (std::uint32_t i = 0; i < count_; ++i)
            numbers_.push_back(number_at(fixed + std::size_t{i} * 4));
        for (std::size_t i = 1; i < numbers_.size(); ++i) {
            if (numbers_[i - 1] >= numbers_[i]) bad("their blocks are not in order");
        }
        begun_ = true;
        auto const keeps = std::uint64_t{length_} * block;
        if (out_.size() > keeps && ::ftruncate(out_.descriptor(), static_cast<::off_t>(keeps)) != 0)
            refuse("cannot shorten " + out_.path());
    }

    /// Whatever else is the same file, by a hard link, must not change with it.
    void unshare() {
        struct stat found {};
        if (::fstat(out_.descriptor(), &found) != 0) refuse("cannot look at " + out_.path());
        if (found.st_nlink < 2) return;
        auto const path = out_.path();
        auto const beside = path + ".walmgr.tmp";
        auto copy = open_file(beside, O_RDWR | O_CREAT | O_TRUNC, found.st_mode & 0777U);
        if (!copy.is_open()) refuse("cannot create " + beside, ENOENT);
        std::string bytes(std::size_t{256} << 10U, '\0');
        for (std::uint64_t at = 0;;) {
            auto const got = out_.read(at, bytes);
            if (got == 0) break;
            copy.write(std::string_view{bytes}.substr(0, got));
            at += got;
        }
        if (std::rename(beside.c_str(), path.c_str()) != 0) refuse("cannot give " + path + " its name");
        out_ = file{::fcntl(copy.descriptor(), F_DUPFD_CLOEXEC, 0), path};
        if (!out_.is_open()) refuse("cannot open " + path);
    }

    file out_{};
    std::uint64_t size_;
    std::uint64_t came_ = 0;
    std::string head_{};
    std::vector<std::uint32_t> numbers_{};
    std::size_t wanted_ = fixed;  ///< bytes of the head, as far as is known
    std::uint32_t count_ = 0;
    std::uint32_t length_ = 0;
    std::uint64_t written_ = 0;
    bool begun_ = false;
};

}  // namespace walmgr
