/// The header of a segment's first page tells which cluster and which place in the log it comes from.
/// Source: XLogLongPageHeaderData in xlog_internal.h; fields are in the byte order of the server's machine, which is
/// taken to be this one's.
#pragma once

#include <walmgr/lsn.hpp>
#include <walmgr/wal_name.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace walmgr {

/// What the first page of a segment says.
struct page_header {
    std::uint16_t magic = 0;      ///< of the log's format, one for each major version
    timeline tli{};               ///< of the page: in the first segment after a promotion, still the old one
    lsn at{};                     ///< the page's own position
    std::uint64_t system_id = 0;  ///< of the cluster, given by initdb
    segment_size size{};
    std::uint32_t page_size = 0;
};

/// Bytes that parse_page_header() wants to see.
inline constexpr std::size_t page_header_bytes = 40;

/// The magic number of the latest version that is known here. Later ones have larger numbers.
inline constexpr std::uint16_t latest_magic = 0xD118;

/// The major version of PostgreSQL that writes this magic number; 0 for one that is not known here.
inline int major_version(std::uint16_t magic) {
    constexpr std::array<std::pair<std::uint16_t, int>, 8> known{{{0xD098, 11},
                                                                  {0xD101, 12},
                                                                  {0xD106, 13},
                                                                  {0xD10D, 14},
                                                                  {0xD110, 15},
                                                                  {0xD113, 16},
                                                                  {0xD116, 17},
                                                                  {latest_magic, 18}}};
    for (auto const& [number, version] : known) {
        if (number == magic) return version;
    }
    return 0;
}

/// Whether PostgreSQL can be built with pages of that length.
inline constexpr bool is_page_size(std::uint64_t bytes) {
    constexpr std::uint64_t least = 1U << 10U;
    constexpr std::uint64_t most = 64U << 10U;
    return bytes >= least && bytes <= most && (bytes & (bytes - 1)) == 0;
}

/// Nothing when these bytes do not begin a segment. Whether it is the right one is for the caller to say.
inline std::optional<page_header> parse_page_header(std::string_view bytes) {
    if (bytes.size() < page_header_bytes) return std::nullopt;
    auto const read = [&]<class T>(std::size_t at, T value) {
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return value;
    };
    constexpr std::uint16_t long_header = 0x0002;
    auto const size = valid_segment_size(read(32, std::uint32_t{}));
    if ((read(2, std::uint16_t{}) & long_header) == 0 || !size) return std::nullopt;
    return page_header{.magic = read(0, std::uint16_t{}),
                       .tli = timeline{read(4, std::uint32_t{})},
                       .at = lsn{read(8, std::uint64_t{})},
                       .system_id = read(24, std::uint64_t{}),
                       .size = *size,
                       .page_size = read(36, std::uint32_t{})};
}

}  // namespace walmgr
