/// Which of two servers is the primary.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/conninfo.hpp>
#include <pgq/libpq/ping.hpp>

#include <walmgr/node.hpp>
#include <walmgr/sql/health.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace walmgr {

/// What a server is at present.
enum class role {
    primary,
    standby,
    living,  ///< it lives, and does not say what it is
    silent   ///< nothing comes back
};

/// A word for messages.
inline std::string to_string(role is) {
    switch (is) {
    case role::primary:
        return "answers as a primary";
    case role::standby:
        return "answers as a standby";
    case role::living:
        return "lives, but does not let us in";
    case role::silent:
        break;
    }
    return "does not answer";
}

/// Whether a connection string leaves it to libpq which server is reached. @throws pgq::usage_error
inline bool names_several_hosts(std::string const& conninfo) {
    auto const all = pgq::libpq::parse_conninfo(conninfo);
    return std::any_of(all.begin(), all.end(), [](auto const& one) {
        return one.keyword.starts_with("host") && one.value.find(',') != std::string::npos;
    });
}

/// A session of ours with a node. @throws pgq::connection_error; error  configuration, for a node without a connection
/// string or with several hosts in it, as nobody could tell which of them is meant
inline pgq::libpq::connection session_with(node const& of, std::chrono::seconds statement_limit) {
    if (of.db.empty())
        throw error{fault::configuration, "how to reach " + of.name + " is needed here; set " +
                                              (of.name == "the master" ? "master_db" : "slave_db")};
    if (names_several_hosts(of.db))
        throw error{fault::configuration, "the connection string of " + of.name + " must name one host only"};
    return pgq::libpq::connection{of.db,
                                  {.connect_timeout = std::chrono::seconds{10}, .statement_timeout = statement_limit}};
}

/// Asks a node what it is. @throws error  configuration
inline role role_of(node const& of) {
    constexpr std::chrono::seconds limit{10};
    try {
        auto db = session_with(of, limit);
        return sql::in_recovery(db) ? role::standby : role::primary;
    } catch (pgq::connection_error const&) {
        bool const silent = pgq::libpq::ping(of.db, limit) == pgq::libpq::server_sign::silent;
        return silent ? role::silent : role::living;
    }
}

}  // namespace walmgr
