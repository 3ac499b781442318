/// Whether there is a server at all, which is not the question whether it lets us in.
#pragma once

#include <pgq/libpq/conninfo.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace pgq::libpq {

/// What came back.
enum class server_sign {
    answers,  ///< it takes connections, though perhaps not ours
    refuses,  ///< it lives and takes none: it starts, stops, recovers, or has too many
    silent    ///< nothing came back
};

/// Asks without logging in. `limit` is rounded to seconds, two at least.
/// @throws usage_error when the connection string cannot be read
inline server_sign ping(std::string const& conninfo, std::chrono::seconds limit) {
    parse_conninfo(conninfo);
    auto const seconds = std::to_string(std::max<std::chrono::seconds::rep>(limit.count(), 2));
    // The string may name all settings itself; what comes later wins.
    std::vector<char const*> const keywords{"dbname", "connect_timeout", nullptr};
    std::vector<char const*> const values{conninfo.c_str(), seconds.c_str(), nullptr};
    switch (PQpingParams(keywords.data(), values.data(), 1)) {
    case PQPING_OK:
        return server_sign::answers;
    case PQPING_REJECT:
        return server_sign::refuses;
    default:
        return server_sign::silent;
    }
}

}  // namespace pgq::libpq
