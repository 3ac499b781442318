#include "../command.hpp"
#include "../parts.hpp"
#include "../result.hpp"

#include <walmgr/failover/steps.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

namespace walmgr_app {
namespace command_pause {
namespace {

using walmgr::node;
using walmgr::role;

struct options {
    bool dry_run = false;
    int limit = 300;
};

/// `pause` and `continue`.
int replay(config const& settings, options const& given, bool pause) {
    auto const found =
        find_parts(settings.nodes, "standby that answers", [](role is, node const&) { return is == role::standby; });
    std::cout << (given.dry_run ? "would " : "") << (pause ? "pause" : "continue") << " replay on "
              << found.subject->name << '\n';
    auto db = walmgr::session_with(*found.subject, std::chrono::seconds{30});
    auto const before = walmgr::sql::read_replay_state(db);
    auto& told = result();
    told.set(
        {{"standby", key_of(*found.subject)}, {"paused", before.paused}, {"replayed", to_string(before.replayed)}});
    if (before.paused != pause) told.change(pause ? "pause" : "continue", key_of(*found.subject));
    if (given.dry_run) return 0;
    if (pause) walmgr::sql::pause_replay(db);
    else walmgr::sql::resume_replay(db);
    walmgr::wait_until(
        std::chrono::seconds{given.limit}, [&] { return walmgr::sql::read_replay_state(db).paused == pause; },
        [] { return std::string{"the standby has not done it"}; });
    told.set({{"paused", pause}, {"replayed", to_string(walmgr::sql::read_replay_state(db).replayed)}});
    return 0;
}

void add(apps::command& program, request& wanted, std::string const& name, std::string const& help, bool pause) {
    auto command = program.add_command(name, help);
    auto const given = std::make_shared<options>();
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be done, and do nothing");
    command.add_option("--timeout", given->limit, "seconds that each wait may take (300)").between(1, 86400);
    command.when_given([&wanted, given, pause] {
        wanted.run = [&wanted, given, pause] { return replay(read_config(wanted.file), *given, pause); };
    });
}

}  // namespace
}  // namespace command_pause

void add_pause(apps::command& program, request& wanted) {
    using namespace command_pause;
    add(program, wanted, "pause", "hold replay on the standby", true);
    add(program, wanted, "continue", "let replay on the standby go on", false);
}

}  // namespace walmgr_app
