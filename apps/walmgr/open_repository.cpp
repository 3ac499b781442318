#include "open_repository.hpp"

#include <walmgr/repository.hpp>
#include <walmgr/store/posix.hpp>

namespace walmgr_app {

walmgr::any_store open_repository(config const& settings) {
    return {walmgr::posix_store{settings.walmgr_data}, settings.walmgr_data};
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
