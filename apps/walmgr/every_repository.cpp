#include "every_repository.hpp"

#include "open_repository.hpp"

#include <walmgr/error.hpp>

#include <cstddef>

namespace walmgr_app {

void in_every_repository(config const& settings, std::function<void(walmgr::repository const&)> const& work) {
    auto all = open_repositories(settings);
    auto failed = attempt_each(all, [](walmgr::repository const& /*in*/) {});
    if (!failed.empty()) refuse_without(settings, failed);
    for (std::size_t which = 0; which < all.size(); ++which) {
        if (!all.attempt(which, failed, work)) refuse_without(settings, failed);
    }
}

std::vector<walmgr::repository> every_repository(config const& settings) {
    std::vector<walmgr::repository> all;
    in_every_repository(settings, [&](walmgr::repository const& in) { all.push_back(in); });
    return all;
}

void refuse_without(config const& settings, std::vector<walmgr::repository_failure> const& failures) {
    try {
        walmgr::refuse_all(failures);
    } catch (walmgr::error const& problem) {
        throw walmgr::error{problem.kind(), problem.what() + advice_on_lost(settings)};
    }
}

std::string advice_on_lost(config const& settings) {
    if (settings.walmgr_data.size() == 1) return {};
    return ". A change of roles needs every repository that walmgr_data names: mend it, or where it is lost for good "
           "take it out of walmgr_data on each machine";
}

}  // namespace walmgr_app
