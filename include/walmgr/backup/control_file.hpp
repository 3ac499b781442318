/// Reading pg_control while a server writes it.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/wait.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace walmgr::detail {

/// The digest that pg_control has of itself.
class crc32c {
public:
    void update(std::string_view bytes) {
        for (char const byte : bytes)
            state_ = table[(state_ ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ state_ >> 8U;
    }
    [[nodiscard]] std::uint32_t value() const { return ~state_; }

private:
    static constexpr auto table = [] {
        std::array<std::uint32_t, 256> all{};
        for (std::uint32_t i = 0; i < all.size(); ++i) {
            auto value = i;
            for (int bit = 0; bit < 8; ++bit)
                value = (value & 1U) != 0 ? value >> 1U ^ 0x82F6'3B78U : value >> 1U;
            all[i] = value;
        }
        return all;
    }();
    std::uint32_t state_ = 0xFFFF'FFFF;
};

/// Whether it was not read in the middle of being written. Where the digest stands differs between versions, that it is
/// of all in front of it does not: nothing else fits by chance in one of four billion.
inline bool is_whole_control(std::string_view bytes) {
    constexpr std::size_t shortest = 200;
    constexpr std::size_t longest = 512;  // the server writes no more than a sector of it
    crc32c sum;
    sum.update(bytes.substr(0, shortest));
    for (auto at = shortest; at + sizeof(std::uint32_t) <= bytes.size() && at < longest; at += sizeof(std::uint32_t)) {
        std::uint32_t stored = 0;
        std::memcpy(&stored, bytes.data() + at, sizeof stored);
        if (stored == sum.value()) return true;
        sum.update(bytes.substr(at, sizeof stored));
    }
    return false;
}

/// The system id, with which the file begins in all versions.
inline std::uint64_t system_id_of(std::string_view control) {
    std::uint64_t id = 0;
    std::memcpy(&id, control.data(), sizeof id);
    return id;
}

/// All bytes of the pg_control of a data folder. @throws error  configuration, when there is none; corrupt
inline std::string read_control_file(std::string const& data) {
    auto const path = data + "/global/pg_control";
    std::string bytes;
    bool const whole = holds_within(std::chrono::seconds{2}, [&] {
        auto const from = open_file(path);
        if (!from.is_open()) throw error{fault::configuration, data + " is no data folder of a server"};
        bytes.resize(static_cast<std::size_t>(from.size()));
        bytes.resize(from.read(0, bytes));
        return is_whole_control(bytes);
    });
    if (whole) return bytes;
    throw error{fault::corrupt, path + " is damaged: its bytes are not those of its digest"};
}

}  // namespace walmgr::detail
