/// Asking a server where it has its configuration.
#pragma once

#include <pgq/codec/string.hpp>
#include <pgq/transport.hpp>

#include <walmgr/config_places.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace walmgr::sql {

/// Nothing for a role that may not see them: neither a superuser nor a member of pg_read_all_settings.
std::optional<config_places> find_config_places(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select (select setting from pg_settings where name = 'data_directory'), "
                                     "(select setting from pg_settings where name = 'config_file'), "
                                     "(select setting from pg_settings where name = 'hba_file'), "
                                     "(select setting from pg_settings where name = 'ident_file')");
    auto const text = [&](std::size_t column) {
        return pgq::value_of<std::optional<std::string>>(rows, 0, column).value_or("");
    };
    config_places const found{.data = text(0), .config = text(1), .hba = text(2), .ident = text(3)};
    if (found.data.empty() || found.config.empty()) return std::nullopt;
    return found;
}

/// The path of postgresql.conf where that is not in the data folder; nothing where it is, or the role may not see it.
std::optional<std::string> outside_config_file(pgq::transport auto& db) {
    auto const found = find_config_places(db);
    if (!found || found->config.starts_with(found->data + '/')) return std::nullopt;
    return found->config;
}

/// The files that settings in force come from, but for postgresql.auto.conf; none for a role that may not see them.
std::vector<std::string> sources_of_settings(pgq::transport auto& db) {
    auto const rows = pgq::query(db, "select distinct sourcefile from pg_settings where sourcefile is not null "
                                     "and sourcefile not like '%/postgresql.auto.conf' order by 1");
    std::vector<std::string> files;
    for (std::size_t i = 0; i < rows.size(); ++i)
        files.push_back(pgq::value_of<std::string>(rows, i, 0));
    return files;
}

}  // namespace walmgr::sql
