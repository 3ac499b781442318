/// Where the timelines of a log come from, as far as one or more repositories know.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/restore/lineage.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <map>
#include <optional>
#include <vector>

namespace walmgr {

/// The lines of all timelines whose history is archived. One that is damaged in a repository is taken from another.
class known_lines {
public:
    /// Reads what is not known yet, of timelines later than `than`. Costs a listing, and a small read for each.
    /// @throws error  from the store, but for damage
    void add(store auto const& where, cluster const& of, timeline than = {}) {
        for (auto const& object : where.list(wal_folder(of))) {
            auto const name = parse_wal_name(kept_file(object));
            if (!name || name->kind != wal_kind::history || name->tli <= than || whole_.contains(name->tli)) continue;
            try {
                whole_.emplace(name->tli, find_lineage(where, of, name->tli));
                damaged_.erase(name->tli);
            } catch (error const& failure) {
                if (failure.kind() != fault::corrupt && failure.kind() != fault::identity) throw;
                damaged_.emplace(name->tli, failure);
            }
        }
    }

    /// By timeline.
    [[nodiscard]] std::vector<lineage> all() const {
        std::vector<lineage> lines;
        lines.reserve(whole_.size());
        for (auto const& [tli, line] : whole_)
            lines.push_back(line);
        return lines;
    }
    /// Why one of the histories cannot be read anywhere; nothing when each can.
    [[nodiscard]] std::optional<error> damage() const {
        return damaged_.empty() ? std::nullopt : std::optional{damaged_.begin()->second};
    }

private:
    std::map<timeline, lineage> whole_{};
    std::map<timeline, error> damaged_{};
};

}  // namespace walmgr
