#include "check.hpp"

#include "supervisor.hpp"

#include <common/status.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/ticker.hpp>

#include <ostream>
#include <string>

namespace pgqd {
namespace {

struct finding {
    std::string text;
    bool serves = false;
};

finding look_at(config const& settings, std::string const& database) {
    pgq::libpq::connection db{
        settings.conninfo(database),
        {.connect_timeout = settings.connect_timeout, .statement_timeout = settings.query_timeout}};
    auto const found = pgq::sql::look_around(db);
    if (!found.present) return {"no pgq; to have it: create extension pgq"};
    auto const version = pgq::sql::version(db).value_or("");
    if (!version.empty() && pgq::detail::major_version(version) < 3) {
        return {"pgq " + version + " is too old, 3 is needed; to have a newer one: alter extension pgq update"};
    }
    auto text = "pgq " + (version.empty() ? "of unknown version" : version);
    text +=
        found.ticks_on_demand && settings.wakeup.shortest.count() > 0 ? ", ticked at once" : ", ticked by passes only";
    if (found.standby) text += "; the server is a standby, so nothing is done until its promotion";
    return {std::move(text), true};
}

}  // namespace

int check(config const& settings, std::ostream& out) {
    bool all_reached = true;
    bool one_serves = false;
    for (auto const& database : find_databases(settings, {})) {
        finding found;
        try {
            found = look_at(settings, database);
        } catch (pgq::error const& problem) {
            found.text = apps::one_line(problem.what());
            all_reached = false;
        }
        one_serves = one_serves || found.serves;
        out << database << ": " << found.text << '\n';
    }
    if (!one_serves) out << "no database has pgq\n";
    return all_reached && one_serves ? apps::status_done : apps::status_failed;
}

}  // namespace pgqd
