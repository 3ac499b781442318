/// Queues and the installation itself: create, drop, configure, version. Not for reading their state:
/// <pgq/sql/info.hpp>.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgq::sql {

/// What a session finds in its database before anything of PgQ is called.
struct installation {
    bool standby = false;          ///< the server is in recovery: nothing can be written
    bool present = false;          ///< there is a schema pgq with its function version()
    bool ticks_on_demand = false;  ///< pgq.tick_pending(text[]) is there
    std::string database{};
};

/// Looks without needing PgQ, on a standby too.
installation look_around(transport auto& db) {
    auto const rows = query(db, "select pg_is_in_recovery(), to_regprocedure('pgq.version()') is not null, "
                                "to_regprocedure('pgq.tick_pending(text[])') is not null, current_database()");
    return {value_of<bool>(rows, 0, 0), value_of<bool>(rows, 0, 1), value_of<bool>(rows, 0, 2),
            value_of<std::string>(rows, 0, 3)};
}

/// Databases of the server that take connections, without templates, by name. Works in any database.
std::vector<std::string> databases(transport auto& db) {
    auto const rows = query(db, "select datname from pg_database where datallowconn and not datistemplate order by 1");
    std::vector<std::string> names;
    for (std::size_t row = 0; row < rows.size(); ++row)
        names.push_back(value_of<std::string>(rows, row, 0));
    return names;
}

/// The version of PgQ in the database; nothing when it was not installed as an extension.
std::optional<std::string> version(transport auto& db) {
    return value_of<std::optional<std::string>>(query(db, "select pgq.version()"), 0, 0);
}

/// True when the queue was created, false when it was there.
bool create_queue(transport auto& db, std::string_view queue) {
    return value_of<int>(query(db, "select pgq.create_queue($1)", queue), 0, 0) == 1;
}

/// Drops the queue with its events; with `force` also the subscriptions to it.
/// @throws sql_error  P0001 for an unknown queue, and for one with consumers unless forced
void drop_queue(transport auto& db, std::string_view queue, bool force = false) {
    query(db, "select pgq.drop_queue($1, $2)", queue, force);
}

/// Sets one of ticker_max_count, ticker_max_lag, ticker_idle_period, ticker_paused, rotation_period, external_ticker.
/// @throws sql_error  P0001 for an unknown queue or setting, class 22 for a value of the wrong form
void set_queue_config(transport auto& db, std::string_view queue, std::string_view setting, std::string_view value) {
    query(db, "select pgq.set_queue_config($1, $2, $3)", queue, setting, value);
}

}  // namespace pgq::sql
