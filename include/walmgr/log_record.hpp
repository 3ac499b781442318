/// Where a record of the log ends, by its length alone: to know whether a standby has replayed all that there is.
/// Source: "WAL Internals" in PostgreSQL's manual; XLogRecord in xlogrecord.h, page headers in xlog_internal.h.
#pragma once

#include <walmgr/lsn.hpp>
#include <walmgr/page_header.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace walmgr {
namespace detail {

/// Behind the header of the page, where the position is the begin of one.
inline std::uint64_t behind_page_header(std::uint64_t at, segment_size size, std::uint32_t page) {
    constexpr std::uint64_t short_header = 24;
    if (at % page != 0) return at;
    return at + (at % size.bytes == 0 ? page_header_bytes : short_header);
}

}  // namespace detail

/// The end of the record that begins at `at`, which is where the one before has ended; nothing where none begins.
/// `length_at(lsn)` gives the four bytes there, as a number; nothing where they are not known.
inline std::optional<lsn> end_of_record(lsn at, segment_size size, std::uint32_t page, auto&& length_at) {
    constexpr std::uint32_t least = 24;  // its own header
    auto position = detail::behind_page_header(at.bytes, size, page);
    std::optional<std::uint32_t> const length = length_at(lsn{position});
    if (!length || *length < least) return std::nullopt;
    for (std::uint64_t left = *length; left > 0;) {
        position = detail::behind_page_header(position, size, page);
        auto const part = std::min(left, page - position % page);
        position += part;
        left -= part;
    }
    return lsn{position};
}

}  // namespace walmgr
