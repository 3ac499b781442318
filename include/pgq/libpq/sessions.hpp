/// Opens one session after the other with the same settings, for whoever runs on and on.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/options.hpp>

#include <string>
#include <utility>

namespace pgq::libpq {

/// A session factory; its calls may come from several threads. Where a pooler stands between, statements are not
/// prepared, whatever the options say: the next one may reach another server session.
class sessions {
public:
    explicit sessions(std::string conninfo, options wanted = {})
        : conninfo_{std::move(conninfo)}, wanted_{std::move(wanted)} {}

    /// @throws as the constructor of connection
    connection operator()() const {
        connection db{conninfo_, wanted_};
        if (wanted_.prepare_statements && db.pooled()) db.prepare_statements(false);
        return db;
    }

private:
    std::string conninfo_;
    options wanted_;
};

}  // namespace pgq::libpq
