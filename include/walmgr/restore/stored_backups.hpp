/// The backups of several stores, of which a recovery begins with one.
#pragma once

#include <walmgr/backup/list.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/recovery_target.hpp>
#include <walmgr/restore/choose.hpp>
#include <walmgr/restore/lineage.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// A backup, and which store has it.
struct stored_backup {
    backup_record record{};
    std::size_t which = 0;
};

/// Those of one history of the cluster: log of another one brings none of them forward. Labels are of a store: two may
/// have the same one for different backups.
template <store Store> class stored_backups {
public:
    /// Lists them. `only`: the one store whose backups count. Both must live as long. @throws error  from a store
    stored_backups(std::vector<Store> const& stores, cluster const& of, std::optional<std::size_t> only = {})
        : stores_{stores}, of_{of} {
        for (std::size_t which = 0; which < stores.size(); ++which) {
            if (only && *only != which) continue;
            auto sealed = list_backups(stores[which], of).sealed;
            std::erase_if(sealed, [&](backup_record const& one) {
                if (one.history < of.history) before_ = std::max(before_, one.label);
                return one.history != of.history;
            });
            found_.push_back({which, std::move(sealed)});
        }
    }

    /// That of a label, from the first store that has it whole.
    /// @throws error  negative, when none has; identity, for one of another history; corrupt
    [[nodiscard]] stored_backup find(std::string const& label) const {
        std::optional<error> damaged;
        for (auto const& [which, sealed] : found_) {
            try {
                auto one = find_backup(stores_[which], of_, label);
                if (!one) continue;
                if (one->history != of_.history)
                    throw error{fault::identity,
                                "backup " + label + " is of the cluster before or after another pg_upgrade"};
                return {std::move(*one), which};
            } catch (error const& failure) {
                if (failure.kind() != fault::corrupt) throw;
                if (!damaged) damaged = failure;
            }
        }
        if (damaged) throw error{*damaged};
        throw error{fault::negative, "there is no backup " + label + ", or it is unfinished"};
    }

    /// The newest of all that can come to the target, see choose_backup(); of the first store, where two are as new.
    /// @throws error  negative, when none can
    [[nodiscard]] stored_backup choose(lineage const& line, recovery_target const& target) const {
        std::optional<stored_backup> best;
        std::optional<error> none;
        bool tells = false;
        for (auto const& [which, sealed] : found_) {
            try {
                auto const& one = choose_backup(sealed, line, target);
                if (!best || one.stop > best->record.stop) best = stored_backup{one, which};
            } catch (error const& failure) {
                if (failure.kind() != fault::negative) throw;
                // What is said of a store that has backups tells more.
                if (!none || (!tells && !sealed.empty())) none = failure;
                tells = tells || !sealed.empty();
            }
        }
        if (!best) throw error{*none};
        return *best;
    }

    /// The newest label of those from before an upgrade; empty where there are none.
    [[nodiscard]] std::string const& before_upgrade() const noexcept { return before_; }

    /// Those of one store, oldest first.
    [[nodiscard]] std::vector<backup_record> const& of_store(std::size_t which) const {
        return std::find_if(found_.begin(), found_.end(), [&](auto const& one) { return one.which == which; })->sealed;
    }
    /// Those of all of them.
    [[nodiscard]] std::vector<backup_record> everywhere() const {
        std::vector<backup_record> all;
        for (auto const& one : found_)
            all.insert(all.end(), one.sealed.begin(), one.sealed.end());
        return all;
    }

private:
    struct sealed_backups {
        std::size_t which;
        std::vector<backup_record> sealed;
    };

    std::vector<Store> const& stores_;
    cluster const& of_;
    std::vector<sealed_backups> found_{};
    std::string before_{};
};

}  // namespace walmgr
