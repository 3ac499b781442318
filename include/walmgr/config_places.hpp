/// Where a server has its configuration.
#pragma once

#include <string>

namespace walmgr {

/// Paths from the root, as the server says them.
struct config_places {
    std::string data{};    ///< the data folder
    std::string config{};  ///< postgresql.conf
    std::string hba{};     ///< pg_hba.conf
    std::string ident{};   ///< pg_ident.conf

    friend bool operator==(config_places const&, config_places const&) = default;
};

}  // namespace walmgr
