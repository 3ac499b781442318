/// Which backup a recovery begins with, and how much log it needs.
#pragma once

#include <walmgr/backup/chain.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/error.hpp>
#include <walmgr/recovery_target.hpp>
#include <walmgr/restore/lineage.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {
namespace detail {

/// A moment of a record, which is cut off to seconds. @throws error  corrupt
inline moment recorded_moment(backup_record const& one, std::string const& text) {
    if (auto const at = parse_moment(text)) return *at;
    throw error{fault::corrupt, "the record of backup " + one.label + " has no time that can be read: " + text};
}

}  // namespace detail

/// Whether recovery from this backup can come to the target: it cannot end before what was copied is consistent.
inline bool ends_before(backup_record const& one, recovery_target const& target) {
    if (target.kind == target_kind::position) return one.stop <= target.position;
    if (target.kind == target_kind::time)
        return detail::recorded_moment(one, one.stopped) + std::chrono::seconds{1} <= target.time;
    return true;
}

/// The newest backup of `all` that can come to the target along that timeline, and whose parents are all there. For a
/// transaction or a restore point nobody knows where it is before the log was read: then it is the newest at all.
/// @throws error  negative, when none can
inline backup_record const& choose_backup(std::vector<backup_record> const& all, lineage const& line,
                                          recovery_target const& target) {
    backup_record const* chosen = nullptr;
    backup_record const* oldest = nullptr;
    for (auto const& one : all) {
        if (!contains(line, one.tli, one.stop) || chain_of(all, one).empty()) continue;
        if (oldest == nullptr || one.stop < oldest->stop) oldest = &one;
        if (ends_before(one, target) && (chosen == nullptr || one.stop > chosen->stop)) chosen = &one;
    }
    if (chosen != nullptr) return *chosen;
    auto const number = std::to_string(static_cast<std::uint32_t>(line.own));
    if (oldest == nullptr)
        throw error{fault::negative, "there is no backup from which timeline " + number + " can be reached"};
    throw error{fault::negative, "no backup was complete before " + shown(target) + "; the oldest of timeline " +
                                     number + ", " + oldest->label + ", ended at " + to_string(oldest->stop) + ", " +
                                     oldest->stopped};
}

/// Up to where the log must be there for certain; nothing where that is all there is.
inline std::optional<lsn> log_needed(backup_record const& from, std::vector<backup_record> const& all,
                                     lineage const& line, recovery_target const& target) {
    std::optional<lsn> until;
    if (target.kind == target_kind::immediate) until = from.stop;
    if (target.kind == target_kind::position) until = lsn{target.position.bytes + 1};
    if (target.kind == target_kind::time) {
        // What was committed before a later backup began lies in front of that one's end, but where that is of a
        // standby, which may have been behind.
        for (auto const& one : all) {
            bool const later = !one.of_standby && contains(line, one.tli, one.stop) && one.stop > from.stop &&
                               detail::recorded_moment(one, one.started) > target.time;
            if (later && (!until || one.stop < *until)) until = one.stop;
        }
    }
    if (until) until = std::max(*until, from.stop);
    return until;
}

}  // namespace walmgr
