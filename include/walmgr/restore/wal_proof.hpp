/// Proof that the archive holds all log that a recovery will need, before anything is written.
#pragma once

#include <walmgr/gap.hpp>
#include <walmgr/restore/lineage.hpp>
#include <walmgr/verify.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace walmgr {

/// What the archive has of the log from a position on.
struct wal_proof {
    std::vector<wal_range> missing{};   ///< by position, each of the timeline that should have it
    std::optional<segment> last{};      ///< the last one that is there; nothing when there is none
    std::optional<wal_gap> accepted{};  ///< the gap in front of which that is, where somebody has accepted it
};

namespace detail {

/// The numbers of a timeline's archived segments from `first` on.
std::set<std::uint64_t> archived_numbers(readable_store auto const& where, cluster const& of, timeline tli,
                                         std::uint64_t first) {
    std::set<std::uint64_t> numbers;
    std::uint64_t const in_high = (std::uint64_t{1} << 32U) / of.size.bytes;
    auto const folder = segments_folder(of, tli);
    for (auto part : where.list(folder)) {
        if (part.size() != 9 || part.back() != '/') continue;
        part.pop_back();
        auto const high = hex_number<std::uint32_t>(part, true);
        if (!high || *high < first / in_high) continue;
        for (auto const& object : where.list(folder + '/' + part)) {
            auto const name = parse_wal_name(kept_file(object));
            auto const which = name && name->kind == wal_kind::segment ? segment_of(*name, of.size) : std::nullopt;
            if (which && which->tli == tli && which->number >= first) numbers.insert(which->number);
        }
    }
    return numbers;
}

}  // namespace detail

/// Looks whether each segment is archived that a recovery from `start` to `until` on that timeline reads; without
/// `until` those up to the last one that there is, or was: `recorded` gaps may lie behind it. Reads names only: whether
/// the bytes are right is found out by fetching, and by verify_wal(). Without `until` the log ends in front of the
/// first hole when that is one of `accepted`, as it will for the server. @throws error  when the store fails
wal_proof prove_wal(readable_store auto const& where, cluster const& of, lineage const& line, lsn start,
                    std::optional<lsn> until, std::vector<wal_gap> const& accepted = {},
                    std::vector<wal_gap> const& recorded = {}) {
    auto const first = start.bytes / of.size.bytes;
    std::map<timeline, std::set<std::uint64_t>> archived;
    for (auto const& one : line.past) {
        if (one.end > start) archived.emplace(one.tli, detail::archived_numbers(where, of, one.tli, first));
    }
    archived.emplace(line.own, detail::archived_numbers(where, of, line.own, first));

    auto const has = [&](timeline tli, std::uint64_t number) {
        auto const found = archived.find(tli);
        return found != archived.end() && found->second.contains(number);
    };
    // In front of a branch the older timeline's segment will do only where nothing behind it is wanted.
    auto const holder = [&](std::uint64_t number, bool any) -> std::optional<segment> {
        for (auto const tli : holders(line, number, of.size)) {
            if (has(tli, number)) return segment{tli, number};
            if (!any) break;
        }
        return std::nullopt;
    };

    wal_proof found;
    std::optional<std::uint64_t> end;
    for (auto const& [tli, numbers] : archived) {
        for (auto at = numbers.rbegin(); at != numbers.rend(); ++at) {
            auto const which = holder(*at, true);
            if (!which) continue;  // behind the point where the line left that timeline
            if (!end || *at > *end) end = *at;
            if (!found.last || found.last->number < *at) found.last = which;
            break;
        }
    }
    for (auto const& gap : recorded) {
        auto const tellers = holders(line, gap.last, of.size);
        bool const on_line = std::find(tellers.begin(), tellers.end(), gap.tli) != tellers.end();
        if (on_line && gap.last >= first && (!end || gap.last > *end)) end = gap.last;
    }
    if (until) end = (std::max(until->bytes, std::uint64_t{1}) - 1) / of.size.bytes;
    if (!end) return found;
    std::optional<segment> before_hole;
    for (auto number = first; number <= *end; ++number) {
        if (auto const held = holder(number, number == *end)) {
            before_hole = held;
            continue;
        }
        segment const wanted{holders(line, number, of.size).front(), number};
        auto const known =
            std::find_if(accepted.begin(), accepted.end(), [&](auto const& gap) { return gap.has(wanted); });
        if (!until && found.missing.empty() && known != accepted.end()) {
            found.last = before_hole;
            found.accepted = *known;
            return found;
        }
        auto* const before = found.missing.empty() ? nullptr : &found.missing.back();
        if (before != nullptr && before->last.tli == wanted.tli && before->last.number + 1 == number) {
            before->last = wanted;
            ++before->count;
        } else {
            found.missing.push_back({wanted, wanted, 1});
        }
    }
    return found;
}

/// For people: `000000010000000000000003 to 000000010000000000000007 (5 segments)`, several separated by commas.
inline std::string shown(std::vector<wal_range> const& ranges, segment_size size) {
    std::string text;
    for (auto const& range : ranges) {
        if (!text.empty()) text += ", ";
        text += file_name(range.first, size);
        if (range.count > 1)
            text += " to " + file_name(range.last, size) + " (" + std::to_string(range.count) + " segments)";
    }
    return text;
}

}  // namespace walmgr
