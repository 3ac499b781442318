/// Reads a tar file that comes piece by piece, as strictly as something should that writes what it reads into a data
/// folder. Understood is what PostgreSQL's server sends: ustar, numbers in base 256 for files of 8 GiB and more.
/// Source: tarCreateHeader in src/port/tar.c; POSIX.1-1988 for ustar.
#pragma once

#include <walmgr/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// What a member of a tar file is.
enum class tar_kind { file, folder, symlink };

/// A member of a tar file.
struct tar_entry {
    tar_kind kind{};
    std::string name{};      ///< relative, without `.` and `..`, and without a slash at the end
    std::string link{};      ///< where a symlink points
    std::uint64_t size = 0;  ///< of a file
    unsigned mode = 0;       ///< permissions, of which only the lower nine bits count
};

/// True for a path that stays below the folder that it is relative to: no part of it is empty, `.` or `..`.
inline bool is_inner_path(std::string_view path) {
    if (path.empty() || path.find('\0') != path.npos) return false;
    for (std::size_t begin = 0; begin <= path.size();) {
        auto const end = std::min(path.find('/', begin), path.size());
        auto const part = path.substr(begin, end - begin);
        if (part.empty() || part == "." || part == "..") return false;
        begin = end + 1;
    }
    return true;
}

namespace detail {

inline constexpr std::size_t tar_block = 512;

[[noreturn]] inline void bad_tar(std::string const& why) {
    throw error{fault::corrupt, "it is no tar file as a backup has them: " + why};
}

/// A number of a header: octal digits, or base 256 where the first bit is set.
inline std::uint64_t tar_number(std::string_view field) {
    std::uint64_t value = 0;
    if ((static_cast<unsigned char>(field.front()) & 0x80U) != 0) {
        value = static_cast<unsigned char>(field.front()) & 0x7FU;
        for (char const byte : field.substr(1)) {
            if (value >> 55U != 0) bad_tar("a number is too large");
            value = value << 8U | static_cast<unsigned char>(byte);
        }
        return value;
    }
    std::size_t digits = 0;
    for (; digits < field.size() && field[digits] >= '0' && field[digits] <= '7'; ++digits)
        value = value << 3U | static_cast<unsigned>(field[digits] - '0');
    if (digits == 0 || (digits < field.size() && field[digits] != '\0' && field[digits] != ' '))
        bad_tar("a number is none");
    return value;
}

inline std::string_view tar_text(std::string_view field) {
    return field.substr(0, field.find('\0'));
}

/// Nothing for a block of zeros, which ends a tar file. @throws error  corrupt
inline std::optional<tar_entry> parse_tar_header(std::string_view block) {
    if (block.find_first_not_of('\0') == block.npos) return std::nullopt;
    constexpr std::size_t sum_at = 148;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i)
        sum += i >= sum_at && i < sum_at + 8 ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[i]);
    if (tar_number(block.substr(sum_at, 8)) != sum) bad_tar("a header's sum is wrong");
    if (block.substr(257, 5) != "ustar") bad_tar("a header is not of the form ustar");

    tar_entry entry{.name = std::string{tar_text(block.substr(0, 100))},
                    .link = std::string{tar_text(block.substr(157, 100))},
                    .size = 0,
                    .mode = static_cast<unsigned>(tar_number(block.substr(100, 8)) & 0777U)};
    auto const prefix = tar_text(block.substr(345, 155));
    if (!prefix.empty()) entry.name = std::string{prefix} + '/' + entry.name;
    switch (block[156]) {
    case '0':
    case '\0':
        entry.kind = tar_kind::file;
        entry.size = tar_number(block.substr(124, 12));
        break;
    case '2':
        entry.kind = tar_kind::symlink;
        break;
    case '5':
        entry.kind = tar_kind::folder;
        break;
    default:
        bad_tar('"' + entry.name + "\" is neither a file nor a folder nor a symbolic link");
    }
    if (entry.name.starts_with("./")) entry.name.erase(0, 2);
    if (entry.kind == tar_kind::folder && entry.name.ends_with('/')) entry.name.pop_back();
    if (!is_inner_path(entry.name)) bad_tar('"' + entry.name + "\" leads out of the folder");
    return entry;
}

/// For a visitor that wants the bytes of members as they came as well.
inline void pass_raw(std::string_view bytes, auto& visitor) {
    if constexpr (requires { visitor.raw(bytes); }) visitor.raw(bytes);
}

}  // namespace detail

/// What ends a tar file.
inline constexpr std::size_t tar_end_bytes = 2 * detail::tar_block;

/// Hands what it reads to a visitor: `begin(tar_entry const&)` for each member; then, for a file, `data(string_view)`
/// until all of it came, and `end()`. Where the visitor has `raw(string_view)`, that gets all bytes of members as they
/// came, headers and padding too, but not those that end the file; a member's first after its begin(). Not thread-safe.
class tar_reader {
public:
    /// Takes the next bytes. @throws error  corrupt
    void write(std::string_view bytes, auto&& visitor) {
        while (!bytes.empty()) {
            if (auto& what = left_ > 0 ? left_ : padding_; what > 0) {
                bool const padding = left_ == 0;
                auto const piece =
                    bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(what, bytes.size())));
                detail::pass_raw(piece, visitor);
                bytes.remove_prefix(piece.size());
                what -= piece.size();
                if (padding) continue;
                visitor.data(piece);
                if (left_ == 0) visitor.end();
                continue;
            }
            auto const taken = bytes.substr(0, header_.size() - filled_);
            taken.copy(header_.data() + filled_, taken.size());
            filled_ += taken.size();
            bytes.remove_prefix(taken.size());
            if (filled_ < header_.size()) return;
            filled_ = 0;
            take_header(visitor);
        }
    }

    /// To be called after the last bytes. @throws error  corrupt, when the file ends before its end
    void finish() const {
        if (zeros_ < 2 || left_ > 0 || padding_ > 0 || filled_ > 0) detail::bad_tar("it ends too early");
    }

private:
    void take_header(auto& visitor) {
        std::string_view const block{header_.data(), header_.size()};
        auto const entry = detail::parse_tar_header(block);
        if (!entry) {
            ++zeros_;
            return;
        }
        if (zeros_ > 0) detail::bad_tar("it goes on behind its end");
        visitor.begin(*entry);
        detail::pass_raw(block, visitor);
        if (entry->kind != tar_kind::file) return;
        left_ = entry->size;
        padding_ = (detail::tar_block - left_ % detail::tar_block) % detail::tar_block;
        if (left_ == 0) visitor.end();
    }

    std::array<char, detail::tar_block> header_{};
    std::size_t filled_ = 0;     ///< of the header
    std::uint64_t left_ = 0;     ///< of the file that is being read
    std::uint64_t padding_ = 0;  ///< zeros behind it
    std::size_t zeros_ = 0;      ///< blocks of zeros that came
};

}  // namespace walmgr
