/// What an SFTP server of version 3 is told and answers, as bytes. Numbers begin with their most significant byte; a
/// packet is its length (4 bytes), its kind (1) and its body. Not for users.
#pragma once

#include <walmgr/duplex.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr::detail {

enum class sftp_kind : unsigned char {
    init = 1,
    version = 2,
    open = 3,
    close = 4,
    read = 5,
    write = 6,
    lstat = 7,
    fstat = 8,
    opendir = 11,
    readdir = 12,
    remove = 13,
    mkdir = 14,
    rmdir = 15,
    stat = 17,
    status = 101,
    handle = 102,
    data = 103,
    name = 104,
    attributes = 105,
    extended = 200,
    extended_reply = 201
};

/// What a status says. There is no number for a name that is taken, nor for a full disk.
enum class sftp_status : std::uint32_t {
    ok = 0,
    end_of_file = 1,
    no_such_file = 2,
    permission_denied = 3,
    failure = 4,
    unsupported = 8
};

namespace sftp_flag {
constexpr std::uint32_t read = 1;
constexpr std::uint32_t write = 2;
constexpr std::uint32_t create = 8;
constexpr std::uint32_t exclusive = 0x20;
constexpr std::uint32_t has_size = 1;
constexpr std::uint32_t has_owner = 2;
constexpr std::uint32_t has_permissions = 4;
constexpr std::uint32_t has_times = 8;
constexpr std::uint32_t has_extensions = 0x8000'0000;
}  // namespace sftp_flag

/// Writes a packet.
class sftp_packet {
public:
    explicit sftp_packet(sftp_kind kind) : bytes_(4, '\0') { bytes_ += static_cast<char>(kind); }

    sftp_packet& number(std::uint32_t value) { return big_endian(value, 4); }
    sftp_packet& long_number(std::uint64_t value) { return big_endian(value, 8); }
    sftp_packet& text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
        return *this;
    }
    /// The whole of it.
    [[nodiscard]] std::string const& bytes() {
        auto const length = bytes_.size() - 4;
        for (std::size_t i = 0; i < 4; ++i)
            bytes_[i] = static_cast<char>(length >> (24 - 8 * i) & 255U);
        return bytes_;
    }

private:
    sftp_packet& big_endian(std::uint64_t value, unsigned width) {
        for (unsigned i = width; i-- > 0;)
            bytes_ += static_cast<char>(value >> (8 * i) & 255U);
        return *this;
    }

    std::string bytes_;
};

/// A file's attributes, as far as they matter here.
struct sftp_attributes {
    std::uint64_t size = 0;
    std::uint32_t permissions = 0;
    std::uint32_t modified = 0;  ///< seconds since 1970

    [[nodiscard]] bool is_folder() const noexcept { return (permissions & 0170000U) == 0040000U; }
    [[nodiscard]] bool is_link() const noexcept { return (permissions & 0170000U) == 0120000U; }
    /// False as well where the server does not tell.
    [[nodiscard]] bool is_file() const noexcept { return (permissions & 0170000U) == 0100000U; }
};

/// Reads the body of a packet. What is cut short reads as zeros and makes fine() false.
class sftp_body {
public:
    explicit sftp_body(std::string_view bytes) : rest_{bytes} {}

    std::uint32_t number() { return static_cast<std::uint32_t>(big_endian(4)); }
    std::uint64_t long_number() { return big_endian(8); }
    std::string_view text() {
        auto const length = number();
        if (length > rest_.size()) return fine_ = false, std::string_view{};
        auto const value = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return value;
    }
    sftp_attributes attributes() {
        sftp_attributes read;
        auto const flags = number();
        if ((flags & sftp_flag::has_size) != 0) read.size = long_number();
        if ((flags & sftp_flag::has_owner) != 0) long_number();
        if ((flags & sftp_flag::has_permissions) != 0) read.permissions = number();
        if ((flags & sftp_flag::has_times) != 0) number(), read.modified = number();
        if ((flags & sftp_flag::has_extensions) != 0)
            for (auto left = number(); left > 0 && fine_; --left)
                text(), text();
        return read;
    }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool fine() const noexcept { return fine_; }

private:
    std::uint64_t big_endian(unsigned width) {
        if (width > rest_.size()) return fine_ = false, 0;
        std::uint64_t value = 0;
        for (char const byte : rest_.substr(0, width))
            value = value << 8U | static_cast<unsigned char>(byte);
        rest_.remove_prefix(width);
        return value;
    }

    std::string_view rest_;
    bool fine_ = true;
};

/// What came: kind and body.
struct sftp_answer {
    sftp_kind kind;
    std::string body;
};

/// The next packet. A server that says something else, such as a greeting of its shell, is told from one that does.
inline sftp_answer receive_sftp(duplex& link) {
    constexpr std::uint32_t longest = std::uint32_t{1} << 20U;
    std::array<char, 5> head{};
    link.receive(head);
    auto const length = sftp_body{{head.data(), 4}}.number();
    if (length == 0 || length > longest)
        link.lost("something else than an SFTP server answers; its shell must print nothing when it is not used by a "
                  "person");
    sftp_answer came{static_cast<sftp_kind>(static_cast<unsigned char>(head[4])), std::string(length - 1, '\0')};
    link.receive(came.body);
    return came;
}

}  // namespace walmgr::detail
