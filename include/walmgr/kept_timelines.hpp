/// Of which timelines repositories have log, and of which the history. A history that one of several repositories lacks
/// is missed when the others are lost: without it nothing is restored along its timeline.
#pragma once

#include <unistd.h>
#include <walmgr/archive.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/repositories/fetch.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// What one repository has.
struct kept_timelines {
    std::set<timeline> log{};        ///< of which it has segments
    std::set<timeline> histories{};  ///< the first timeline has none
};

/// One listing. @throws error  from the store
kept_timelines list_timelines(readable_store auto const& where, cluster const& of) {
    constexpr std::size_t digits = 8;
    kept_timelines found;
    for (std::string_view const object : where.list(wal_folder(of))) {
        if (object.size() < digits) continue;
        auto const number = detail::hex_number<std::uint32_t>(object.substr(0, digits), true);
        if (!number || *number == 0) continue;
        auto const rest = object.substr(digits);
        if (rest == "/") found.log.insert(timeline{*number});
        if (rest == ".history.wal") found.histories.insert(timeline{*number});
    }
    return found;
}

/// Timelines with log and without a history.
inline std::vector<timeline> without_history(kept_timelines const& kept) {
    std::vector<timeline> found;
    for (auto const one : kept.log)
        if (one > timeline{1} && !kept.histories.contains(one)) found.push_back(one);
    return found;
}

/// A history that one repository lacks and another one has.
struct lacking_history {
    std::size_t repository = 0;  ///< its number
    timeline tli{};
};

/// Asks all repositories. Whoever has log needs the histories from its first timeline on. `failed` has who could not be
/// asked.
inline std::vector<lacking_history> find_lacking_histories(repositories& all, std::vector<repository_failure>& failed) {
    std::vector<kept_timelines> kept(all.size());
    std::set<timeline> histories;
    for (std::size_t which = 0; which < all.size(); ++which) {
        all.attempt(which, failed, [&](repository const& in) { kept[which] = list_timelines(in.where, in.of); });
        histories.insert(kept[which].histories.begin(), kept[which].histories.end());
    }
    std::vector<lacking_history> found;
    for (std::size_t which = 0; which < all.size(); ++which) {
        if (kept[which].log.empty()) continue;
        for (auto const tli : histories) {
            bool const wanted = tli >= *kept[which].log.begin();
            if (wanted && !kept[which].histories.contains(tli)) found.push_back({which, tli});
        }
    }
    return found;
}

/// Copies a history to the repository that lacks it, by way of the file `scratch`, which is removed. False when nobody
/// has it whole or that repository does not take it: then `failed` has why.
bool copy_history(repositories& all, lacking_history const& one, codec auto const& way, std::string const& scratch,
                  std::vector<repository_failure>& failed) {
    auto const name = history_name(one.tli);
    auto const copy = fetch_whole(all, name, scratch);
    failed.insert(failed.end(), copy.failed.begin(), copy.failed.end());
    bool const stored = copy.found && all.attempt(one.repository, failed, [&](repository const& in) {
        archive_file(in.where, in.of, way, scratch, name);
    });
    ::unlink(scratch.c_str());
    return stored;
}

}  // namespace walmgr
