/// Opens one session after the other with the same settings, for whoever runs on and on.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/options.hpp>

#include <string>
#include <utility>

namespace pgq::libpq {

/// A session factory; its calls may come from several threads.
class sessions {
public:
    explicit sessions(std::string conninfo, options wanted = {})
        : conninfo_{std::move(conninfo)}, wanted_{std::move(wanted)} {}

    /// @throws as the constructor of connection
    connection operator()() const { return connection{conninfo_, wanted_}; }

private:
    std::string conninfo_;
    options wanted_;
};

}  // namespace pgq::libpq
