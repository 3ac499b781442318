/// All that can be known before a restore writes its first byte: the backup, the timeline, and that the log is there.
#pragma once

#include <walmgr/backup/chain.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/known_lines.hpp>
#include <walmgr/log_gaps.hpp>
#include <walmgr/repositories/joined.hpp>
#include <walmgr/restore/choose.hpp>
#include <walmgr/restore/lineage.hpp>
#include <walmgr/restore/stored_backups.hpp>
#include <walmgr/restore/wal_proof.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// A backup that another one builds on.
struct base_of_plan {
    backup_record record{};
    backup_manifest manifest{};
};

/// What will be restored, and what was proved.
struct restore_plan {
    backup_record from{};
    std::size_t repository = 0;  ///< which of the stores has it, and what it builds on
    backup_manifest manifest{};
    std::vector<base_of_plan> before{};  ///< what it builds on, oldest first: empty when it is a full one
    recovery_target target{};
    lineage line{};
    std::optional<segment> last{};      ///< the newest archived segment of that line that recovery comes to
    std::optional<wal_gap> accepted{};  ///< the gap that it ends in front of, where somebody has accepted that
};

/// The manifest that the server made of a backup, compared with what the backup's record says of it.
/// @throws error  corrupt, when it is missing or damaged
backup_manifest read_manifest(store auto const& where, cluster const& of, backup_record const& one) {
    auto const object = backup_folder(of, one.label).append("/").append(backup_manifest_object);
    auto read = parse_backup_manifest(manifest_text(where, of, one), object);
    if (read.system_id && *read.system_id != one.system_id)
        throw error{fault::identity, object + " is of another cluster"};
    for (auto const* const needed : {"PG_VERSION", "global/pg_control", "backup_label"}) {
        if (!read.files.contains(needed))
            throw error{fault::corrupt, object + " does not name " + std::string{needed} + ", which a backup has"};
    }
    return read;
}

namespace detail {

/// From the first store that has it whole. @throws error  what the first one says, when none has
template <store Store> lineage lineage_in_any(std::vector<Store> const& all, cluster const& of, timeline tli) {
    for (std::size_t which = 0;; ++which) {
        try {
            return find_lineage(all[which], of, tli);
        } catch (error const& failure) {
            bool const last = which + 1 == all.size();
            if (last || (failure.kind() != fault::gap && failure.kind() != fault::corrupt)) throw;
        }
    }
}

/// Without a wish: the newest timeline of the archive, or for one certain backup the newest that it belongs to.
template <store Store>
lineage wanted_line(std::vector<Store> const& all, cluster const& of, backup_record const* from,
                    recovery_target const& target) {
    if (target.on) return lineage_in_any(all, of, *target.on);
    // A backup is consistent at its end, on its own timeline: nothing that came later is of interest.
    if (from != nullptr && target.kind == target_kind::immediate) return lineage_in_any(all, of, from->tli);
    auto timelines = archived_timelines(joined_stores{all}, of);
    for (; !timelines.empty(); timelines.pop_back()) {
        auto line = lineage_in_any(all, of, timelines.back());
        if (from == nullptr || contains(line, from->tli, from->stop)) return line;
    }
    if (from != nullptr) return lineage_in_any(all, of, from->tli);
    throw error{fault::negative, "there is no log of cluster " + of.name + " in the repository"};
}

inline void check_target(restore_plan const& plan) {
    auto const& from = plan.from;
    if (!contains(plan.line, from.tli, from.stop))
        throw error{fault::identity, "backup " + from.label + " ended at " + to_string(from.stop) + " of timeline " +
                                         std::to_string(static_cast<std::uint32_t>(from.tli)) +
                                         ", which is not in the past of timeline " +
                                         std::to_string(static_cast<std::uint32_t>(plan.line.own))};
    if (!ends_before(from, plan.target))
        throw error{fault::identity, "backup " + from.label + " was complete only at " + to_string(from.stop) + ", " +
                                         from.stopped + ", behind " + shown(plan.target) + "; take an older one"};
}

inline void check_log(wal_proof const& proof, backup_record const& from, cluster const& of,
                      recovery_target const& target) {
    if (!proof.missing.empty())
        throw error{fault::gap,
                    "recovery from backup " + from.label + " to " + shown(target) +
                        " needs segments that are not in the repository: " + shown(proof.missing, of.size) +
                        ". Nothing was written. A target in front of the gap can be reached, by --target-lsn; or see: "
                        "walmgr CONFIG gap"};
    if (!proof.last || (proof.last->number + 1) * of.size.bytes < from.stop.bytes)
        throw error{fault::gap, "backup " + from.label + " is consistent from " + to_string(from.stop) +
                                    " on, and the log in the repository ends before. Nothing was written"};
}

/// Segments without which no recovery to the end of the log comes there, be any behind them archived or not.
/// @throws error  corrupt, when nobody knows
template <store Store> std::vector<wal_gap> known_to_have_been(std::vector<Store> const& all, cluster const& of) {
    known_lines lines;
    for (auto const& one : all)
        lines.add(one, of);
    if (auto const damage = lines.damage()) throw error{*damage};
    std::vector<wal_gap> runs;
    for (auto const& line : lines.all()) {
        auto const past = whole_past(line, of.size);
        runs.insert(runs.end(), past.begin(), past.end());
    }
    return runs;
}

/// What is chosen where no backup is named. Never one from before an upgrade: nobody knows up to which moment its log
/// went on, nor whether that other cluster is what is wanted.
template <store Store>
void choose(restore_plan& plan, stored_backups<Store> const& backups, std::vector<Store> const& stores,
            cluster const& of) {
    try {
        plan.line = wanted_line(stores, of, nullptr, plan.target);
        auto found = backups.choose(plan.line, plan.target);
        plan.from = std::move(found.record);
        plan.repository = found.which;
        // Along its own timeline, which may have been left since.
        if (!plan.target.on) plan.line = wanted_line(stores, of, &plan.from, plan.target);
    } catch (error const& none) {
        if (none.kind() != fault::negative || backups.before_upgrade().empty()) throw;
        throw error{none.kind(), std::string{none.what()} + ". From before the upgrade there are backups, up to " +
                                     backups.before_upgrade() + ": name one by its label to go back to that cluster"};
    }
}

}  // namespace detail

/// Finds out what to restore: the backup named `label`, else the newest that can come to the target. The backup is of
/// one store, of `only` where that is given; the log may be in any of them, as it is where a recovering server asks
/// all. `dropped`: log that is known to be missing besides what is recorded in the stores.
/// @throws error  negative, when there is no such backup; identity, when the one that is named cannot come to the
///                target along its timeline; gap, when log is missing in between; corrupt
template <store Store>
restore_plan plan_restore(std::vector<Store> const& stores, cluster const& of, std::optional<std::string> const& label,
                          recovery_target const& target, std::vector<wal_gap> const& dropped = {},
                          std::optional<std::size_t> only = {}) {
    stored_backups const backups{stores, of, only};
    restore_plan plan{.target = target};
    if (label) {
        auto found = backups.find(*label);
        plan.from = std::move(found.record);
        plan.repository = found.which;
        plan.line = detail::wanted_line(stores, of, &plan.from, target);
    } else {
        detail::choose(plan, backups, stores, of);
    }
    detail::check_target(plan);
    joined_stores const log{stores};
    auto recorded = found_gaps(log, of);
    recorded.insert(recorded.end(), dropped.begin(), dropped.end());
    auto const until = log_needed(plan.from, backups.everywhere(), plan.line, target);
    if (!until) {
        auto const known = detail::known_to_have_been(stores, of);
        recorded.insert(recorded.end(), known.begin(), known.end());
    }
    auto const proof = prove_wal(log, of, plan.line, plan.from.start, until, accepted_gaps(log, of), recorded);
    detail::check_log(proof, plan.from, of, target);
    plan.last = proof.last;
    plan.accepted = proof.accepted;
    auto const& where = stores[plan.repository];
    plan.manifest = read_manifest(where, of, plan.from);
    auto chain = chain_of(backups.of_store(plan.repository), plan.from);
    if (chain.empty())
        throw error{fault::corrupt, "backup " + plan.from.label + " builds on " + plan.from.parent +
                                        ", and that or what it builds on is not in the repository"};
    chain.pop_back();
    for (auto& one : chain) {
        auto manifest = read_manifest(where, of, one);
        plan.before.push_back({std::move(one), std::move(manifest)});
    }
    return plan;
}

/// The same, of one store.
restore_plan plan_restore(store auto const& where, cluster const& of, std::optional<std::string> const& label,
                          recovery_target const& target, std::vector<wal_gap> const& dropped = {}) {
    return plan_restore(std::vector{where}, of, label, target, dropped);
}

}  // namespace walmgr
