#include "chosen_repository.hpp"

#include "open_repository.hpp"

#include <walmgr/backup/list.hpp>
#include <walmgr/error.hpp>
#include <walmgr/repository.hpp>

#include <charconv>
#include <utility>

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

void usable_repositories::go_back_to(std::string const& label) {
    std::optional<walmgr::backup_record> backup;
    for (std::size_t which = 0; which < stores.size() && !backup; ++which) {
        if (only && *only != which) continue;
        try {
            backup = find_backup(stores[which], of, label);
        } catch (walmgr::error const& failure) {
            if (failure.kind() != walmgr::fault::corrupt) throw;  // another one may have it whole
        }
    }
    if (!backup || backup->history == of.history) return;
    usable_repositories then{.several = several};
    for (std::size_t which = 0; which < stores.size(); ++which) {
        auto const was = find_history(stores[which], of, backup->system_id);
        if (!was || was->history != backup->history) continue;
        if (only == which) then.only = then.stores.size();
        then.of = *was;
        then.stores.push_back(stores[which]);
        then.locations.push_back(locations[which]);
    }
    // A server asks by its system id: after an upgrade that was taken back it is another history that has it now.
    if (then.stores.empty() || then.only.has_value() != only.has_value())
        throw walmgr::error{walmgr::fault::identity,
                            "backup " + label + " is of history " + std::to_string(backup->history) +
                                " of the cluster, whose system id that history does not have in the repository, or "
                                "has not alone: it can be restored by hand only"};
    *this = std::move(then);
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
