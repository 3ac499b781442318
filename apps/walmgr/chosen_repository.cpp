#include "chosen_repository.hpp"

#include "open_repository.hpp"

#include <walmgr/error.hpp>

#include <charconv>

namespace walmgr_app {

std::size_t repository_place(std::vector<std::string> const& locations, std::string_view text) {
    std::size_t number = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const is_number = problem == std::errc{} && end == text.data() + text.size();
    if (is_number && number >= 1 && number <= locations.size()) return number - 1;
    for (std::size_t which = 0; which < locations.size(); ++which)
        if (locations[which] == text) return which;
    throw walmgr::error{walmgr::fault::usage, '"' + std::string{text} + "\" is no repository: walmgr_data has " +
                                                  std::to_string(locations.size()) +
                                                  ", which are meant by their numbers from 1 on, or their locations"};
}

std::string usable_repositories::shown(std::size_t which) const {
    return several ? " in the repository " + locations.at(which) : std::string{};
}

usable_repositories open_usable(config const& settings, std::string const& wanted) {
    auto const& places = settings.walmgr_data;
    auto const chosen = wanted.empty() ? places.size() : repository_place(places, wanted);
    auto all = open_repositories(settings);
    usable_repositories found;
    found.several = places.size() > 1;
    std::vector<walmgr::repository_failure> failed;
    for (std::size_t which = 0; which < all.size(); ++which) {
        bool const usable = all.attempt(which, failed, [&](walmgr::repository const& in) {
            if (chosen == which) found.only = found.stores.size();
            if (found.stores.empty()) found.of = in.of;
            found.stores.push_back(in.where);
            found.locations.push_back(places[which]);
        });
        if (!usable && chosen == which) walmgr::refuse_all({failed.back()});
    }
    if (found.stores.empty()) walmgr::refuse_all(failed);
    warn_of(failed);
    return found;
}

}  // namespace walmgr_app
