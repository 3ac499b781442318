/// The checksum that PostgreSQL keeps in each page of a relation. Source: "Data Checksums" in its manual, and the
/// description of the algorithm in storage/checksum_impl.h: 32 sums side by side, each over every 32nd word of four
/// bytes by a variant of FNV-1a, folded by exclusive or, with the number of the block mixed in.
#pragma once

#include <walmgr/lsn.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace walmgr {

/// Of servers as they are built everywhere; another length is refused where it matters.
inline constexpr std::size_t data_page_bytes = 8192;
/// Pages of each file of a relation but the last.
inline constexpr std::uint32_t data_file_pages = 131'072;

/// The bytes of a page of a relation.
using data_page = std::span<char const, data_page_bytes>;

/// What the checksum of the page should be at that block of its relation, counted over all of its files.
inline std::uint16_t page_checksum(data_page page, std::uint32_t block) {
    using lanes [[gnu::vector_size(128)]] = std::uint32_t;
    constexpr std::uint32_t prime = 16'777'619;
    constexpr std::size_t checksum_at = 8;
    // clang-format off
    lanes sums = {0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
                  0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
                  0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
                  0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756};
    // clang-format on
    lanes row{};
    std::memcpy(&row, page.data(), sizeof row);
    std::memset(reinterpret_cast<char*>(&row) + checksum_at, 0, sizeof(std::uint16_t));
    for (std::size_t at = 0;;) {
        row ^= sums;
        sums = row * prime ^ (row >> 17);
        at += sizeof row;
        if (at == page.size()) break;
        std::memcpy(&row, page.data() + at, sizeof row);
    }
    for (int round = 0; round < 2; ++round)
        sums = sums * prime ^ (sums >> 17);
    auto folded = block;
    for (std::size_t i = 0; i < sizeof row / sizeof folded; ++i)
        folded ^= sums[i];
    return static_cast<std::uint16_t>(folded % 65'535 + 1);
}

/// What a page says of itself.
struct page_state {
    lsn changed{};               ///< where the log has its last change
    std::uint16_t checksum = 0;  ///< as it is stored
    bool unused = false;         ///< it was never initialised, and has to be all zeros
};

/// Reads the header of a page, in the order of bytes of this machine, which is the server's.
inline page_state read_page_state(data_page page) {
    std::array<std::uint32_t, 2> position{};
    std::memcpy(position.data(), page.data(), sizeof position);
    std::array<std::uint16_t, 4> words{};  // checksum, flags, and the two ends of the free space
    std::memcpy(words.data(), page.data() + sizeof position, sizeof words);
    return {
        .changed = {std::uint64_t{position[0]} << 32U | position[1]}, .checksum = words[0], .unused = words[3] == 0};
}

/// Whether a page is as the server would take it. @param block  as for page_checksum()
inline bool is_whole_page(data_page page, std::uint32_t block) {
    auto const state = read_page_state(page);
    if (!state.unused) return state.checksum == page_checksum(page, block);
    std::uint64_t any = 0;
    for (std::size_t at = 0; at < page.size(); at += sizeof any) {
        std::uint64_t word = 0;
        std::memcpy(&word, page.data() + at, sizeof word);
        any |= word;
    }
    return any == 0;
}

}  // namespace walmgr
