#include "outside_config.hpp"

#include "command.hpp"

#include <pgq/libpq/connection.hpp>

#include <walmgr/backup/config_readers.hpp>
#include <walmgr/sql/config_places.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace walmgr_app {
namespace {

using namespace std::chrono_literals;

pgq::libpq::connection session_for_config(walmgr::node const& server, std::stop_token stop) {
    return pgq::libpq::connection{server.db,
                                  {.stop = std::move(stop), .connect_timeout = 30s, .statement_timeout = 60s}};
}

/// Whether a manifest names a file, as servers and we write it: to read all of it for a few names is not worth it.
bool is_in_manifest(std::string const& manifest, std::string_view inner) {
    return manifest.find(R"("Path": ")" + std::string{inner} + '"') != manifest.npos;
}

walmgr::found_config find_config(config const& settings, walmgr::node const& server, std::string const* manifest,
                                 std::stop_token const& stop) {
    auto db = session_for_config(server, stop);
    auto const places = walmgr::sql::find_config_places(db);
    if (!places && manifest != nullptr && is_in_manifest(*manifest, "postgresql.conf")) return {};
    auto const is_kept = [&](std::string const& path) {
        auto const& data = places->data;
        if (!path.starts_with(data + '/')) return false;
        return manifest == nullptr || is_in_manifest(*manifest, std::string_view{path}.substr(data.size() + 1));
    };
    auto const sources = walmgr::sql::sources_of_settings(db);
    if (settings.backup.from == backup_origin::files && places) {
        walmgr::local_config_reader here{server.data.empty() ? places->data : server.data};
        return walmgr::find_config_files(places, sources, here, is_kept);
    }
    walmgr::server_config_reader there{db};
    return walmgr::find_config_files(places, sources, there, is_kept);
}

/// What lets the role read all of it; empty when it cannot be asked who it is.
std::string grants(walmgr::node const& server, std::stop_token const& stop) {
    try {
        auto db = session_for_config(server, stop);
        auto const who = pgq::query(db, "select quote_ident(current_user), quote_ident(current_database())");
        auto const role = pgq::value_of<std::string>(who, 0, 0);
        return "; to let the role read them, as a superuser in database " + pgq::value_of<std::string>(who, 0, 1) +
               ": grant pg_read_all_settings, pg_read_server_files to " + role +
               "; grant execute on function pg_read_binary_file(text, bigint, bigint, boolean), "
               "pg_ls_dir(text, boolean, boolean) to " +
               role;
    } catch (pgq::connection_error const&) { return {}; }
}

}  // namespace

walmgr::found_config find_outside_config(config const& settings, walmgr::node const& server,
                                         std::string const* manifest, std::stop_token const& stop) {
    try {
        return find_config(settings, server, manifest, stop);
    } catch (pgq::stopped const&) { throw; } catch (pgq::error const& problem) {
        walmgr::found_config nothing;
        nothing.missing.push_back({"postgresql.conf", walmgr::detail::plain_text(problem.what())});
        return nothing;
    }
}

std::function<walmgr::found_config(std::string const&)>
config_finder(config const& settings, walmgr::node const& server, std::stop_token const& stop) {
    return [&settings, &server, stop](std::string const& manifest) {
        auto found = find_outside_config(settings, server, &manifest, stop);
        if (auto const missing = missing_config_text(found, server, stop); !missing.empty())
            say("configuration files that are not in the backup: " + missing);
        return found;
    };
}

std::string missing_config_text(walmgr::found_config const& found, walmgr::node const& server,
                                std::stop_token const& stop) {
    if (found.missing.empty()) return {};
    std::string text;
    std::string_view why;
    for (auto const& one : found.missing) {
        if (!text.empty()) text += why == one.why ? ", " : " (" + std::string{why} + "), ";
        text += one.path;
        why = one.why;
    }
    text.append(" (").append(why).append(")");
    if (!found.lacks_rights) return text;
    return text + ", and what they include" + grants(server, stop);
}

}  // namespace walmgr_app
