#include "damaged_log.hpp"

#include "command.hpp"
#include "log_elsewhere.hpp"
#include "open_repository.hpp"
#include "result.hpp"
#include "scratch.hpp"

#include <common/status.hpp>

#include <walmgr/executor.hpp>
#include <walmgr/heal.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace walmgr_app {

using apps::json;

int replace_damaged_log(config const& settings, damaged_order const& order) {
    auto& told = result();
    told.set({{"replaced", json::written("[]")}, {"damaged", json::written("[]")}});
    auto all = open_repositories(settings);
    std::vector<walmgr::repository_failure> failed;
    auto const found = find_damaged(all, order.file, failed, walmgr::thread_executor{order.jobs});
    scratch const place{std::filesystem::temp_directory_path().string(), "damaged"};
    std::optional<log_elsewhere> more;
    std::optional<walmgr::cluster> of;
    auto const give = [&](walmgr::segment which, std::string const& path) {
        if (!more) more.emplace(settings, *of);
        return more->give(which, path);
    };
    bool whole = true;
    for (auto const& one : found) {
        auto const& location = settings.walmgr_data.at(one.repository);
        say(apps::one_line(location + ": " + one.what.name + ": " + one.what.why));
        told.change("replace", one.what.name, {{"repository", location}});
        std::optional<std::string> aside;
        if (order.act) {
            all.attempt(one.repository, failed, [&](walmgr::repository const& in) { of = in.of; });
            aside = std::visit(
                [&](auto const& way) { return walmgr::replace_damaged(all, one, way, place / "file", give, failed); },
                settings.pack);
        }
        if (aside) {
            told.add("replaced", {{"object", one.what.name}, {"repository", location}, {"aside", *aside}});
            std::cout << one.what.name << ": replaced in " << location << "; the damaged one is " << *aside
                      << std::endl;
            continue;
        }
        whole = false;
        told.add("damaged", {{"object", one.what.name}, {"repository", location}, {"problem", one.what.why}});
        std::cout << one.what.name << (order.act ? ": still damaged in " : ": would be replaced in ") << location
                  << std::endl;
    }
    warn_of(failed);
    // That somebody has to find out who is right weighs more than that somebody else is damaged as well.
    auto const disputed = std::find_if(failed.begin(), failed.end(),
                                       [](auto const& one) { return one.kind == walmgr::fault::duplicate; });
    if (!failed.empty()) return static_cast<int>((disputed == failed.end() ? failed.begin() : disputed)->kind);
    if (whole || !order.act) return 0;
    told.problem("objects are still damaged, and nobody has them whole");
    return static_cast<int>(walmgr::fault::corrupt);
}

}  // namespace walmgr_app
