/// Which folders of tablespaces a run that makes a server's copy has begun to fill, so that the next run clears those
/// only.
#pragma once

#include <walmgr/failover/tablespace_places.hpp>
#include <walmgr/journal.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace walmgr {

/// Those of this run and of the earlier ones that its journal knows. They were empty then, so what lies there is
/// theirs. Not thread-safe.
class begun_tablespaces {
public:
    /// Keeps a reference to the journal.
    explicit begun_tablespaces(journal& log) : log_{log} {
        for (;;) {
            auto const moved = log_.noted(moved_name());
            auto const kept = moved ? moved : log_.noted(name());
            if (!kept) return;
            all_.push_back({*kept, moved.has_value()});
        }
    }

    /// Removes what servers make there, for a copy that begins anew. @throws std::filesystem::filesystem_error
    void clear(std::vector<tablespace_place> const& wanted) const {
        for (auto const& one : all_)
            if (is_ours(one, wanted)) clear_tablespace(one.folder);
    }

    /// Writes them down, before anything is written there.
    /// @throws error  server_running, for one that is not empty and was not begun; unavailable
    void begin(std::vector<tablespace_place> const& wanted) {
        for (auto const& place : wanted) {
            auto const known =
                std::find_if(all_.begin(), all_.end(), [&](auto const& one) { return one.folder == place.to; });
            if (known != all_.end() && is_ours(*known, wanted)) continue;
            require_empty({place});
            bool const moved = place.to != place.from;
            log_.note(moved ? moved_name() : name(), place.to);
            all_.push_back({place.to, moved});
        }
    }

private:
    struct begun {
        std::string folder{};
        bool moved = false;  ///< is another one than the server's
    };

    /// Where the server has a tablespace by now and had none then, this is perhaps its machine, and those its files.
    static bool is_ours(begun const& one, std::vector<tablespace_place> const& wanted) {
        return !one.moved ||
               std::none_of(wanted.begin(), wanted.end(), [&](auto const& place) { return place.from == one.folder; });
    }
    [[nodiscard]] std::string name() const { return "tablespace " + std::to_string(all_.size()); }
    [[nodiscard]] std::string moved_name() const { return "moved " + name(); }

    journal& log_;
    std::vector<begun> all_{};
};

}  // namespace walmgr
