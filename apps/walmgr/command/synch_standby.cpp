#include "../command.hpp"
#include "../parts.hpp"
#include "../result.hpp"

#include <walmgr/sql/health.hpp>
#include <walmgr/sql/settings.hpp>
#include <walmgr/sync_names.hpp>
#include <walmgr/wait.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>

namespace walmgr_app {
namespace command_synch_standby {
namespace {

using walmgr::error;
using walmgr::fault;

struct options {
    bool dry_run = false;
    std::string names{};
};

int synchronous(config const& settings, options const& given) {
    auto& told = result();
    told.has({"primary", "connected", "needed", "confirm"});
    auto const wanted = walmgr::parse_sync_names(given.names);
    auto const& primary = require_primary(settings.nodes);
    auto db = walmgr::session_with(primary, std::chrono::seconds{30});
    bool const applied = walmgr::sql::shown_setting(db, "synchronous_commit") == "remote_apply";
    std::size_t there = 0;
    std::string connected;
    auto const followers = walmgr::sql::followers(db);
    for (auto const& one : followers) {
        connected.append(connected.empty() ? "" : ", ").append(one.name);
        if (one.streaming && wanted.has(one.name) && (one.replays || !applied)) ++there;
    }
    told.set({{"primary", key_of(primary)},
              {"connected", apps::json::list(followers, [](auto const& one) { return one.name; })},
              {"needed", wanted.needed},
              {"confirm", there}});
    if (there < wanted.needed)
        throw error{fault::negative,
                    "commits would wait for " + std::to_string(wanted.needed) + " of these standbys, and " +
                        std::to_string(there) + " could confirm them now; connected are: " +
                        (connected.empty() ? "none" : connected) + (applied ? "; receivers apply nothing" : "")};
    auto const before = walmgr::sql::shown_setting(db, "synchronous_standby_names");
    if (before != given.names)
        told.change("set", "synchronous_standby_names", {{"before", before}, {"after", given.names}});
    std::cout << (given.dry_run ? "would set" : "set") << " synchronous_standby_names = '" << given.names << "' (was '"
              << before << "') on " << primary.name << '\n';
    if (given.dry_run) return 0;
    walmgr::sql::alter_system(db, "synchronous_standby_names", given.names);
    walmgr::sql::reload(db);
    walmgr::wait_until(
        std::chrono::seconds{30},
        [&] { return walmgr::sql::shown_setting(db, "synchronous_standby_names") == given.names; },
        [] { return std::string{"the server has not taken that up; look for the reason in pg_file_settings"}; });
    return 0;
}

}  // namespace
}  // namespace command_synch_standby

void add_synch_standby(apps::command& program, request& wanted) {
    using namespace command_synch_standby;
    auto command = program.add_command("synch-standby", "let commits wait for these standbys; '' for none");
    auto const given = std::make_shared<options>();
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be done, and do nothing");
    command.add_option("names", given->names, "as synchronous_standby_names has them: a, b or ANY 1 (a, b)").required();
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return synchronous(read_config(wanted.file), *given); }; });
}

}  // namespace walmgr_app
