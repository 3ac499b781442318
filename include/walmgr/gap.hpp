/// Segments that are missing between others. Recovery stops in front of a gap with an error, until somebody has
/// accepted that it ends there: then recovery ends there as it would at the end of the log.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// From the first to the last segment that is missing, by number.
struct wal_gap {
    timeline tli{};
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    /// How many segments.
    [[nodiscard]] std::uint64_t count() const noexcept { return last - first + 1; }
    /// Whether that segment is missing by it.
    [[nodiscard]] bool has(segment which) const noexcept {
        return which.tli == tli && first <= which.number && which.number <= last;
    }
    friend auto operator<=>(wal_gap const&, wal_gap const&) = default;
};

/// For people: `000000010000000000000003 to 000000010000000000000007 (5 segments)`.
inline std::string shown(wal_gap const& gap, segment_size size) {
    auto text = file_name({gap.tli, gap.first}, size);
    if (gap.count() > 1)
        text += " to " + file_name({gap.tli, gap.last}, size) + " (" + std::to_string(gap.count()) + " segments)";
    return text;
}

/// What is missing between these segments of each timeline, which are sorted. What is missing at the end of a timeline
/// needs histories: <walmgr/log_gaps.hpp>.
inline std::vector<wal_gap> gaps_between(std::vector<segment> const& segments) {
    std::vector<wal_gap> gaps;
    for (std::size_t i = 1; i < segments.size(); ++i) {
        auto const& before = segments[i - 1];
        auto const& behind = segments[i];
        if (before.tli == behind.tli && before.number + 1 < behind.number)
            gaps.push_back({before.tli, before.number + 1, behind.number - 1});
    }
    return gaps;
}

/// All segments in a store, by name, sorted. Costs a listing for each 4 GiB of log.
std::vector<segment> list_segments(readable_store auto const& where, cluster const& of) {
    std::vector<segment> found;
    auto const folders_in = [&](std::string const& folder) {
        auto names = where.list(folder);
        std::erase_if(names, [](std::string const& name) { return name.empty() || name.back() != '/'; });
        for (auto& name : names)
            name = folder + '/' + name.substr(0, name.size() - 1);
        return names;
    };
    for (auto const& timeline : folders_in(wal_folder(of))) {
        for (auto const& log : folders_in(timeline)) {
            for (std::string_view const object : where.list(log)) {
                auto const name = parse_wal_name(kept_file(object));
                if (!name || name->kind != wal_kind::segment) continue;
                if (auto const which = segment_of(*name, of.size)) found.push_back(*which);
            }
        }
    }
    return found;
}

namespace detail {

inline std::string gaps_folder(cluster const& of) {
    return of.name + "/gaps";
}

inline std::string gap_name(wal_gap const& gap, cluster const& of) {
    auto const place = [&](std::uint64_t number) { return file_name({gap.tli, number}, of.size).substr(8); };
    return std::to_string(of.history) + '-' + hex_text(static_cast<std::uint32_t>(gap.tli), 8) + '-' +
           place(gap.first) + '-' + place(gap.last);
}

inline std::optional<wal_gap> parse_gap_name(std::string_view text, cluster const& of) {
    auto const history = std::to_string(of.history) + '-';
    constexpr std::size_t rest = 8 + 1 + 16 + 1 + 16;
    if (!text.starts_with(history) || text.size() != history.size() + rest) return std::nullopt;
    text.remove_prefix(history.size());
    auto const place = [&](std::size_t at) -> std::optional<segment> {
        auto const name = parse_wal_name(std::string{text.substr(0, 8)}.append(text.substr(at, 16)));
        return name ? segment_of(*name, of.size) : std::nullopt;
    };
    auto const first = place(9);
    auto const last = place(26);
    if (!first || !last || text[8] != '-' || text[25] != '-' || last->number < first->number) return std::nullopt;
    return wal_gap{first->tli, first->number, last->number};
}

}  // namespace detail

/// The gaps that were accepted for this cluster.
std::vector<wal_gap> accepted_gaps(readable_store auto const& where, cluster const& of) {
    std::vector<wal_gap> found;
    for (auto const& name : where.list(detail::gaps_folder(of))) {
        if (auto const gap = detail::parse_gap_name(name, of)) found.push_back(*gap);
    }
    return found;
}

/// Whether all of a gap was accepted, at once. One that has grown since was not.
inline bool is_accepted(std::vector<wal_gap> const& accepted, wal_gap const& gap) {
    return std::any_of(accepted.begin(), accepted.end(), [&](wal_gap const& one) {
        return one.has({gap.tli, gap.first}) && one.has({gap.tli, gap.last});
    });
}

/// Records that a gap is accepted; `note` says by whom and when. False when it was before.
bool accept_gap(store auto const& where, cluster const& of, wal_gap const& gap, std::string_view note) {
    return create_small_object(where, detail::gaps_folder(of) + '/' + detail::gap_name(gap, of), note);
}

}  // namespace walmgr
