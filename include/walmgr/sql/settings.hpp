/// Settings of a running server: read, and changed by ALTER SYSTEM.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/libpq/quote.hpp>
#include <pgq/transport.hpp>

#include <walmgr/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace walmgr::sql {

/// A setting as the server has it.
struct setting {
    std::string value{};           ///< in force
    std::string source{};          ///< "configuration file", "command line", "default" and the like
    bool pending_restart = false;  ///< another value is in the file and waits for a restart
};

/// Nothing where the server knows no such setting.
std::optional<setting> read_setting(pgq::transport auto& db, std::string_view name) {
    auto const rows = pgq::query(db, "select setting, source, pending_restart from pg_settings where name = $1", name);
    if (rows.size() == 0) return std::nullopt;
    return setting{.value = pgq::value_of<std::optional<std::string>>(rows, 0, 0).value_or(""),
                   .source = pgq::value_of<std::string>(rows, 0, 1),
                   .pending_restart = pgq::value_of<bool>(rows, 0, 2)};
}

/// What the configuration files say of a setting, which may not be in force; nothing where they say nothing. For
/// superusers and members of pg_read_all_settings with the right to execute pg_show_all_file_settings().
std::optional<std::string> filed_setting(pgq::transport auto& db, std::string_view name) {
    auto const rows =
        pgq::query(db, "select setting from pg_file_settings where name = $1 order by seqno desc limit 1", name);
    if (rows.size() == 0) return std::nullopt;
    return pgq::value_of<std::optional<std::string>>(rows, 0, 0);
}

/// Writes a setting into postgresql.auto.conf. reload() or a restart puts it in force.
/// @throws error  configuration, when the server was started with that setting on its command line, which wins
void alter_system(pgq::transport auto& db, std::string_view name, std::string_view value) {
    auto const now = read_setting(db, name);
    if (now && now->source == "command line")
        throw error{fault::configuration, std::string{name} +
                                              " is set on the server's command line, where nothing but a "
                                              "start with other arguments changes it"};
    pgq::query(db, "alter system set " + std::string{name} + " = " + pgq::libpq::literal(value));
}

/// Lets the server read its files again. It does so soon, not at once.
void reload(pgq::transport auto& db) {
    pgq::query(db, "select pg_reload_conf()");
}

/// Names of settings that wait for a restart, with commas between. Those on the server's command line are left out: a
/// server takes what its files say of them for a change, and no restart would ever bring that.
std::string waiting_for_restart(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select string_agg(name, ', ' order by name) from pg_settings "
                                     "where pending_restart and source <> 'command line'");
    return pgq::value_of<std::optional<std::string>>(rows, 0, 0).value_or("");
}

}  // namespace walmgr::sql
