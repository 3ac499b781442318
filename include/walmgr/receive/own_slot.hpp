/// The replication slot by which a server keeps the log until it was received.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/replication.hpp>
#include <pgq/log.hpp>

#include <optional>
#include <string>

namespace walmgr {

/// Makes a slot anew that keeps nothing any more, since the server has had to remove what it kept.
/// @throws pgq::sql_error
void renew_slot(pgq::libpq::replication& server, std::string const& name, pgq::log_sink auto const& log) {
    server.drop_slot(name);
    server.create_slot(name);
    log.write(pgq::log_level::error,
              "the replication slot " + name + " had lost what it kept, see max_slot_wal_keep_size; it was made anew");
}

/// Our slot, which is made where there is none. Nothing for no name. @throws pgq::sql_error
std::optional<pgq::libpq::physical_slot> own_slot(pgq::libpq::replication& server, std::string const& name,
                                                  pgq::log_sink auto const& log) {
    if (name.empty()) return std::nullopt;
    if (auto found = server.read_slot(name)) {
        if (found->restart) return found;
        renew_slot(server, name, log);
    } else {
        server.create_slot(name);
        log.write(pgq::log_level::info, "created the replication slot " + name);
    }
    return server.read_slot(name);
}

/// Says so where commits would wait for ever for what we never report.
void warn_of_remote_apply(pgq::libpq::replication& server, std::string const& application_name,
                          pgq::log_sink auto const& log) {
    if (server.show("synchronous_commit") == "remote_apply" &&
        server.show("synchronous_standby_names").find(application_name) != std::string::npos)
        log.write(pgq::log_level::error, "synchronous_standby_names has " + application_name +
                                             ", which applies nothing: with synchronous_commit = remote_apply commits "
                                             "that wait for it never return");
}

}  // namespace walmgr
