/// Which of the two servers of the configuration a command is about.
#pragma once

#include "config.hpp"

#include <walmgr/error.hpp>
#include <walmgr/role.hpp>

#include <string>

namespace walmgr_app {

/// Both servers, as a command sees them.
struct parts {
    walmgr::node const* subject = nullptr;  ///< becomes a primary, or a standby
    walmgr::node const* other = nullptr;
};

inline walmgr::node const& other_of(servers const& nodes, walmgr::node const& one) {
    return &one == &nodes.master ? nodes.slave : nodes.master;
}

/// Whoever of the two is the primary at present, for commands that change no roles.
inline walmgr::node const& primary_of(config const& settings) {
    return walmgr::present_primary(settings.nodes.master, settings.nodes.slave);
}

/// The node that has that role and whose neighbour `fits`; the slave is asked first.
parts find_parts(servers const& nodes, std::string const& wanted, auto&& fits) {
    std::string found;
    for (auto const* const one : {&nodes.slave, &nodes.master}) {
        if (one->db.empty()) continue;
        auto const& other = other_of(nodes, *one);
        auto const is = walmgr::role_of(*one);
        found.append(found.empty() ? "" : ", ").append(one->name).append(" ").append(to_string(is));
        if (fits(is, other)) return {one, &other};
    }
    throw walmgr::error{walmgr::fault::negative, "there is no " + wanted + ": " + found};
}

}  // namespace walmgr_app
