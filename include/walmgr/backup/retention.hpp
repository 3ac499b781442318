/// Which backups are kept. Nothing here removes anything: <walmgr/backup/expire.hpp> does.
#pragma once

#include <walmgr/backup/list.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup/retention_rules.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/moment.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// What becomes of a backup, and why.
struct backup_verdict {
    backup_record const* backup = nullptr;
    bool kept = true;
    std::string why{};
};

/// The folder of pins, and the object that pins a backup.
inline std::string pins_folder(cluster const& of) {
    return of.name + "/pins";
}
inline std::string pin_name(cluster const& of, std::string_view label) {
    return pins_folder(of).append("/").append(label);
}
/// The labels that are pinned. @throws error  from the store
std::set<std::string> find_pins(store auto const& where, cluster const& of) {
    auto const names = where.list(pins_folder(of));
    return {names.begin(), names.end()};
}

namespace detail {

/// What is known while backups are judged.
class retention_judge {
public:
    explicit retention_judge(backup_list const& all) {
        for (auto const& one : all.sealed)
            by_label_.emplace(one.label, &one);
        for (auto const& one : all.damaged)
            damaged_.insert(one.label);
        for (auto const& one : all.sealed)
            if (one.kind == backup_kind::full) fulls_.push_back(&one);
        // Whatever a clock has said, what was taken after an upgrade is newer.
        std::sort(fulls_.begin(), fulls_.end(), [](auto const* a, auto const* b) {
            return std::pair{a->history, a->label} > std::pair{b->history, b->label};
        });
    }

    void keep(std::string const& label, std::string why) { kept_.emplace(label, std::move(why)); }

    /// Full backups, newest first.
    [[nodiscard]] std::vector<backup_record const*> const& fulls() const { return fulls_; }

    void keep_newest(unsigned count, std::string const& why) {
        for (unsigned i = 0; i < std::min<std::size_t>(count, fulls_.size()); ++i)
            keep(fulls_[i]->label, why);
    }
    /// Those of the window, and the one that its first moment is restored from. Where even the newest is older than the
    /// days to be kept, they are counted back from that one: then nobody takes backups any more, or our clock has
    /// jumped, and neither is a reason to remove what there is.
    void keep_window(moment now, std::chrono::days days) {
        auto begin = now - days;
        auto const newest = fulls_.empty() ? std::nullopt : parse_moment(fulls_.front()->stopped);
        if (newest && *newest < begin) begin = *newest - days;
        for (auto const* const one : fulls_) {
            auto const stopped = parse_moment(one->stopped);
            keep(one->label, "within the days to be kept");
            if (stopped && *stopped < begin) return;
        }
    }
    /// All that a backup builds on.
    void keep_parents(backup_record const& child) {
        auto const* one = &child;
        while (!one->parent.empty()) {
            keep(one->parent, "the parent of " + child.label);
            auto const parent = by_label_.find(one->parent);
            if (parent == by_label_.end() || parent->second->label >= one->label) return;
            one = parent->second;
        }
    }
    /// Incremental ones live as long as what they build on. Parents come before children.
    void keep_children(backup_record const& one) {
        if (one.parent.empty()) return;
        if (kept_.contains(one.parent)) keep(one.label, "builds on " + one.parent);
        else if (damaged_.contains(one.parent))
            keep(one.label, "builds on " + one.parent + ", whose record is damaged");
    }
    [[nodiscard]] std::string const* why(std::string const& label) const {
        auto const found = kept_.find(label);
        return found == kept_.end() ? nullptr : &found->second;
    }

private:
    std::map<std::string, backup_record const*> by_label_{};
    std::set<std::string> damaged_{};
    std::vector<backup_record const*> fulls_{};
    std::map<std::string, std::string> kept_{};
};

}  // namespace detail

/// Judges all sealed backups, in their order. Those from before an upgrade count as any others, as the older ones.
inline std::vector<backup_verdict> judge_backups(backup_list const& all, std::set<std::string> const& pins,
                                                 retention const& rules, moment now) {
    detail::retention_judge judge{all};
    if (rules.count > 0) judge.keep_newest(rules.count, "among the newest " + std::to_string(rules.count));
    if (rules.days > 0) judge.keep_window(now, std::chrono::days{rules.days});
    judge.keep_newest(std::max(1U, rules.minimum), "the least that is left");
    for (auto const& one : all.sealed) {
        if (pins.contains(one.label)) judge.keep(one.label, "pinned");
        if (rules.count == 0 && rules.days == 0) judge.keep(one.label, "neither a count nor days are configured");
    }
    for (auto const& one : all.sealed)
        judge.keep_children(one);
    for (auto one = all.sealed.rbegin(); one != all.sealed.rend(); ++one) {
        if (judge.why(one->label) != nullptr) judge.keep_parents(*one);
    }
    std::vector<backup_verdict> verdicts;
    for (auto const& one : all.sealed) {
        auto const* const why = judge.why(one.label);
        verdicts.push_back({&one, why != nullptr, why != nullptr ? *why : "not kept by any rule"});
    }
    return verdicts;
}

/// Where the log of a system id begins that the kept backups need; nothing where it is unknown, or where there are
/// none. After an upgrade that was taken back it is of more than one history.
inline std::optional<lsn> log_horizon(backup_list const& all, std::vector<backup_verdict> const& verdicts,
                                      std::uint64_t system_id) {
    std::optional<lsn> horizon;
    if (!all.damaged.empty()) return horizon;
    for (auto const& one : verdicts) {
        if (one.kept && one.backup->system_id == system_id && (!horizon || one.backup->start < *horizon))
            horizon = one.backup->start;
    }
    return horizon;
}

}  // namespace walmgr
