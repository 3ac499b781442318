/// Positions in the write-ahead log, and the sizes in which it is cut.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

namespace detail {

/// Hexadecimal digits, of which there must be at least one, all of `text`, and none small where `capital`.
template <class T> std::optional<T> hex_number(std::string_view text, bool capital = false) {
    T value = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (problem != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
    if (capital && text.find_first_of("abcdef") != text.npos) return std::nullopt;
    return value;
}

/// In capital hexadecimal digits, filled up with zeros to `width`.
inline std::string hex_text(std::uint64_t value, std::size_t width = 1) {
    std::string out;
    for (; value != 0 || out.size() < width; value >>= 4U)
        out.insert(out.begin(), "0123456789ABCDEF"[value & 15U]);
    return out;
}

}  // namespace detail

/// A position: bytes since the beginning of the log. Shown as two hexadecimal numbers, `16/B374D848`.
struct lsn {
    std::uint64_t bytes = 0;

    friend auto operator<=>(lsn const&, lsn const&) = default;
};

/// Nothing when `text` has not the form of a position.
inline std::optional<lsn> parse_lsn(std::string_view text) {
    auto const cut = text.find('/');
    if (cut == text.npos || cut > 8 || text.size() - cut > 9) return std::nullopt;
    auto const high = detail::hex_number<std::uint32_t>(text.substr(0, cut));
    auto const low = detail::hex_number<std::uint32_t>(text.substr(cut + 1));
    if (!high || !low) return std::nullopt;
    return lsn{std::uint64_t{*high} << 32U | *low};
}

/// As the server shows it.
inline std::string to_string(lsn at) {
    return detail::hex_text(at.bytes >> 32U) + '/' + detail::hex_text(at.bytes & 0xFFFF'FFFFU);
}

/// The length of a segment file, chosen by initdb: a power of two from 1 MiB to 1 GiB.
struct segment_size {
    std::uint32_t bytes = 16U << 20U;

    friend bool operator==(segment_size const&, segment_size const&) = default;
};

/// Nothing for a length that no server has.
inline std::optional<segment_size> valid_segment_size(std::uint64_t bytes) {
    bool const power = bytes != 0 && (bytes & (bytes - 1)) == 0;
    if (!power || bytes < (1U << 20U) || bytes > (1U << 30U)) return std::nullopt;
    return segment_size{static_cast<std::uint32_t>(bytes)};
}

}  // namespace walmgr
