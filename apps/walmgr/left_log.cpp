#include "left_log.hpp"

#include "command.hpp"
#include "log_elsewhere.hpp"
#include "open_repository.hpp"
#include "role_facts.hpp"
#include "scratch.hpp"

#include <walmgr/failover/left_log.hpp>
#include <walmgr/refill.hpp>

#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace walmgr_app {
namespace {

void bring(config const& settings, walmgr::node const& primary, walmgr::lineage const& line) {
    auto all = open_repositories(settings);
    auto missing = find_left_log(all, line);
    warn_of(missing.failed);
    if (missing.everywhere.empty()) return;
    auto const size = missing.of->size;
    log_elsewhere others{settings, *missing.of, &primary};
    scratch const place{std::filesystem::temp_directory_path().string(), "left"};
    auto const give = [&](walmgr::segment which, std::string const& path) { return others.give(which, path); };
    auto const fill = [&](walmgr::segment which) {
        walmgr::missing_log const one{.everywhere = {{.where = {which.tli, which.number, which.number}}}};
        return std::visit([&](auto const& way) { return walmgr::refill(all, one, way, place / "segment", give); },
                          settings.pack);
    };
    std::vector<walmgr::segment> filled;
    std::vector<walmgr::segment> left;
    bool able = true;  // a repository that keeps silent has its time once, and not for each segment
    for (auto const& gap : missing.everywhere) {
        for (auto number = gap.where.first; number <= gap.where.last; ++number) {
            walmgr::segment const which{gap.where.tli, number};
            auto const told = able ? fill(which) : walmgr::refill_report{.left = {which}};
            warn_of(told.failed);
            able = able && told.failed.empty();
            if (told.left.empty()) filled.push_back(which);
            else if (!gap.accepted) left.push_back(which);
        }
    }
    for (auto const& run : walmgr::runs_of(filled))
        std::cout << shown(run, size) << ": stored, which the old primary had not archived" << std::endl;
    for (auto const& run : walmgr::runs_of(left))
        warn(shown(run, size) + " was never archived, and " + primary.name +
             " does not give it, or not every repository takes it: no restore of an older backup crosses that; see: "
             "walmgr CONFIG gap list");
}

}  // namespace

void bring_left_log(config const& settings, walmgr::node const& primary, walmgr::timeline now,
                    std::string const& history) {
    try {
        auto past = walmgr::parse_timeline_history(history, now);
        if (!past) throw walmgr::error{walmgr::fault::corrupt, "its history cannot be read"};
        bring(settings, primary, {std::move(*past), now});
    } catch (std::exception const& problem) {
        warn(std::string{"what the old primary had not archived was not brought: "} + problem.what() +
             "; run: walmgr CONFIG gap refill");
    }
}

}  // namespace walmgr_app
