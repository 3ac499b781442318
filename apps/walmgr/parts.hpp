/// Which of the two servers of the configuration a command is about.
#pragma once

#include "config.hpp"

#include <walmgr/error.hpp>
#include <walmgr/role.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace walmgr_app {

/// Both servers, as a command sees them.
struct parts {
    walmgr::node const* subject = nullptr;  ///< becomes a primary, or a standby
    walmgr::node const* other = nullptr;
};

/// What a server is called where programs read: master or slave, as its keys begin.
inline std::string key_of(walmgr::node const& one) {
    constexpr std::string_view article = "the ";
    return one.name.starts_with(article) ? one.name.substr(article.size()) : one.name;
}

inline walmgr::node const& other_of(servers const& nodes, walmgr::node const& one) {
    return &one == &nodes.master ? nodes.slave : nodes.master;
}

/// Whether there are two, each of which can be asked what it is. Among several hosts libpq looks for a primary by
/// itself.
inline bool are_two(servers const& nodes) {
    return !nodes.slave.db.empty() && !walmgr::names_several_hosts(nodes.master.db);
}

/// The first of these that says that it has a role, or none: then `found` has what each says.
/// @throws walmgr::error  configuration, see walmgr::role_of()
inline walmgr::node const* find_role(std::initializer_list<walmgr::node const*> in_order, walmgr::role wanted,
                                     std::string& found) {
    for (auto const* const one : in_order) {
        if (one->db.empty()) continue;
        auto const is = walmgr::role_of(*one);
        if (is == wanted) return one;
        found.append(found.empty() ? "" : ", ").append(one->name).append(" ").append(to_string(is));
    }
    return nullptr;
}
inline walmgr::node const* find_primary(servers const& nodes, std::string& found) {
    return find_role({&nodes.master, &nodes.slave}, walmgr::role::primary, found);
}
/// Where both are standbys of a third server it is the slave.
inline walmgr::node const* find_standby(servers const& nodes, std::string& found) {
    return find_role({&nodes.slave, &nodes.master}, walmgr::role::standby, found);
}

/// The primary, for commands that cannot do without. @throws walmgr::error  negative, when there is none
inline walmgr::node const& require_primary(servers const& nodes) {
    std::string found;
    if (auto const* const primary = find_primary(nodes, found)) return *primary;
    throw walmgr::error{walmgr::fault::negative, "there is no primary: " + found};
}

/// The same, for commands that say themselves why they cannot have what they ask for: without a primary the master.
inline walmgr::node const& primary_of(servers const& nodes) {
    std::string found;
    auto const* const primary = are_two(nodes) ? find_primary(nodes, found) : nullptr;
    return primary != nullptr ? *primary : nodes.master;
}

/// The server to receive from: the primary; without one whoever may have been it, whose silence is to be seen. Never
/// the standby of the two: whoever receives from that does not notice that its primary is gone, and hands nothing over
/// to a boot. Where one server is named it is that, whatever it is.
/// @throws walmgr::error  unavailable, when both are standbys
inline walmgr::node const& log_source_of(servers const& nodes) {
    if (!are_two(nodes)) return nodes.master;
    walmgr::node const* away = nullptr;
    for (auto const* const one : {&nodes.master, &nodes.slave}) {
        auto const is = walmgr::role_of(*one);
        if (is == walmgr::role::primary) return *one;
        if (is != walmgr::role::standby && away == nullptr) away = one;
    }
    if (away != nullptr) return *away;
    throw walmgr::error{walmgr::fault::unavailable, "there is no primary to receive from: both servers are standbys"};
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
