#include "open_repository.hpp"

#include <walmgr/location.hpp>
#include <walmgr/repository.hpp>
#include <walmgr/store/posix.hpp>

namespace walmgr_app {

walmgr::any_store open_location(config const&, std::string const& text) {
    auto const where = walmgr::parse_location(text);
    auto const shown = to_string(where);
    switch (where.by) {
    case walmgr::reached_by::path:
        return {walmgr::posix_store{where.path}, shown};
    default:
        throw walmgr::error{walmgr::fault::configuration, "this walmgr keeps nothing in " + shown};
    }
}

walmgr::any_store open_repository(config const& settings) {
    return open_location(settings, settings.walmgr_data);
}

walmgr::cluster known_cluster(config const& settings, walmgr::any_store const& where) {
    auto found = walmgr::find_cluster(where, settings.cluster);
    if (!found)
        throw walmgr::error{walmgr::fault::configuration, "the repository " + where.shown() +
                                                              " does not know the cluster \"" + settings.cluster +
                                                              "\" yet; run: walmgr CONFIG repo init"};
    return *found;
}

}  // namespace walmgr_app
