/// The names of the files that PostgreSQL hands to its archive command, by a strict grammar: what is none of them is
/// refused, so that nothing like `../x` can come in. Source: XLogFileName and its relatives in xlog_internal.h.
#pragma once

#include <walmgr/lsn.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// Timelines are numbered from 1; a promotion begins a new one.
enum class timeline : std::uint32_t {};

/// A segment: timeline and number, which counts segments from the beginning of the log.
struct segment {
    timeline tli{};
    std::uint64_t number = 0;

    friend auto operator<=>(segment const&, segment const&) = default;
};

/// What such a file holds.
enum class wal_kind {
    segment,  ///< a whole segment
    partial,  ///< the segment that was being written when its timeline ended, or when it was given up
    history,  ///< where a timeline comes from
    backup    ///< begin and end of a base backup
};

/// Whether it holds the bytes of a segment.
inline bool holds_segment(wal_kind kind) {
    return kind == wal_kind::segment || kind == wal_kind::partial;
}

/// A name, taken apart. `high` and `low` are the second and third group of digits of a segment's name: how they make a
/// number depends on the length of segments.
struct wal_name {
    wal_kind kind{};
    timeline tli{};
    std::uint32_t high = 0;
    std::uint32_t low = 0;
    /// Of a backup: where in the segment it began. Of a partial segment: up to where it was received; 0 where nobody
    /// says.
    std::uint32_t offset = 0;

    friend bool operator==(wal_name const&, wal_name const&) = default;
};

/// Nothing when `text` is no such name.
inline std::optional<wal_name> parse_wal_name(std::string_view text) {
    constexpr std::size_t group = 8;
    auto const digits = [&](std::size_t place) {
        return text.size() < (place + 1) * group
                   ? std::nullopt
                   : detail::hex_number<std::uint32_t>(text.substr(place * group, group), true);
    };
    auto const tli = digits(0);
    if (!tli || *tli == 0) return std::nullopt;
    wal_name name{.kind = wal_kind::history, .tli = timeline{*tli}};
    if (text.substr(group) == ".history") return name;

    auto const high = digits(1);
    auto const low = digits(2);
    if (!high || !low) return std::nullopt;
    name.high = *high;
    name.low = *low;
    auto const rest = text.substr(3 * group);
    constexpr std::string_view partial = ".partial";
    if (rest.empty() || rest == partial) {
        name.kind = rest.empty() ? wal_kind::segment : wal_kind::partial;
        return name;
    }
    if (rest.starts_with(partial)) {  // of a receiver: PostgreSQL has no such name
        auto const length = detail::hex_number<std::uint32_t>(rest.substr(partial.size() + 1), true);
        if (rest.size() != partial.size() + 1 + group || rest[partial.size()] != '.' || length.value_or(0) == 0)
            return std::nullopt;
        name.kind = wal_kind::partial;
        name.offset = *length;
        return name;
    }
    constexpr std::string_view ending = ".backup";
    if (rest.size() != 1 + group + ending.size() || rest.front() != '.' || !rest.ends_with(ending)) return std::nullopt;
    auto const offset = detail::hex_number<std::uint32_t>(rest.substr(1, group), true);
    if (!offset) return std::nullopt;
    name.kind = wal_kind::backup;
    name.offset = *offset;
    return name;
}

/// The segment that a name belongs to; nothing for a history, and for digits that segments of this length have not.
inline std::optional<segment> segment_of(wal_name const& name, segment_size size) {
    std::uint64_t const in_high = (std::uint64_t{1} << 32U) / size.bytes;
    if (name.kind == wal_kind::history || name.low >= in_high) return std::nullopt;
    return segment{name.tli, name.high * in_high + name.low};
}

/// The name of a segment's file.
inline std::string file_name(segment which, segment_size size) {
    std::uint64_t const in_high = (std::uint64_t{1} << 32U) / size.bytes;
    return detail::hex_text(static_cast<std::uint32_t>(which.tli), 8) + detail::hex_text(which.number / in_high, 8) +
           detail::hex_text(which.number % in_high, 8);
}

/// The name of a timeline's history.
inline std::string history_name(timeline tli) {
    return detail::hex_text(static_cast<std::uint32_t>(tli), 8) + ".history";
}

/// Where a segment begins.
inline lsn begin_of(segment which, segment_size size) {
    return lsn{which.number * size.bytes};
}

}  // namespace walmgr
