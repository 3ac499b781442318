/// Where a timeline comes from: each line of its history names an older timeline and where that was left.
/// Source: readTimeLineHistory in timeline.c.
#pragma once

#include <walmgr/lsn.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace walmgr {

/// An older timeline, and the position up to which it belongs to this one's past.
struct ancestor {
    timeline tli{};
    lsn end{};

    friend bool operator==(ancestor const&, ancestor const&) = default;
};

/// The ancestors of `own`, oldest first. Nothing when `text` is no whole history of it: without a line, cut off in the
/// middle of one, or with timelines that do not grow.
inline std::optional<std::vector<ancestor>> parse_timeline_history(std::string_view text, timeline own) {
    std::vector<ancestor> ancestors;
    if (!text.ends_with('\n')) return std::nullopt;
    while (!text.empty()) {
        auto const end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end + 1);
        line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
        if (line.empty() || line.front() == '#') continue;

        std::uint32_t number = 0;
        auto const [behind, problem] = std::from_chars(line.data(), line.data() + line.size(), number);
        if (problem != std::errc{}) return std::nullopt;
        line.remove_prefix(static_cast<std::size_t>(behind - line.data()));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        auto const left_at = parse_lsn(line.substr(0, line.find_first_of(" \t\r")));
        ancestor const one{timeline{number}, left_at.value_or(lsn{})};
        if (!left_at || number == 0 || one.tli >= own) return std::nullopt;
        if (!ancestors.empty() && (one.tli <= ancestors.back().tli || one.end < ancestors.back().end))
            return std::nullopt;
        ancestors.push_back(one);
    }
    if (ancestors.empty()) return std::nullopt;
    return ancestors;
}

}  // namespace walmgr
