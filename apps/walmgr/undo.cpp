#include "undo.hpp"

#include "claim.hpp"
#include "every_repository.hpp"
#include "journalled.hpp"
#include "machines.hpp"
#include "open_repository.hpp"
#include "parts.hpp"
#include "role_facts.hpp"

#include <unistd.h>
#include <walmgr/failover/steps.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/role.hpp>

#include <iostream>
#include <string>

namespace walmgr_app {
namespace {

using walmgr::error;
using walmgr::fault;

/// Calls `take_back(log)` with the journal of what an earlier run has begun.
int undo(config const& settings, std::string const& command, auto&& take_back) {
    auto const path = journal_path(settings);
    if (::access(path.c_str(), F_OK) != 0) {
        std::cout << "nothing to undo\n";
        return 0;
    }
    walmgr::journal log{path, command};
    if (log.begun("promote"))
        throw error{fault::negative, "the standby may have been promoted already; run " + command + " to its end"};
    take_back(log);
    return 0;
}

}  // namespace

int undo_boot(config const& settings, bool dry_run) {
    return undo(settings, "boot", [&](walmgr::journal& log) {
        auto const tli = walmgr::detail::noted_timeline(log, "timeline");
        if (auto const who = claimed_elsewhere(settings, tli, log); !who.empty()) {
            std::cout << "timeline " << walmgr::to_string(tli)
                      << " stays given up, for the promotion by somebody else: " << who << '\n';
            if (!dry_run) log.finish();
            return;
        }
        result().change("withdraw", "timeline " + walmgr::to_string(tli));
        if (dry_run) {
            std::cout << "would take back that timeline " << walmgr::to_string(tli) << " was given up\n";
            return;
        }
        release_promotion(settings, tli, log);
        auto const withdraw = [&](std::string const& location) {
            auto const where = open_location(settings, location);
            walmgr::withdraw_intent(where, known_cluster(settings, where), tli);
            return 0;
        };
        if (in_each_repository(settings, withdraw) != 0)
            throw error{fault::unavailable, "not every repository could be told that the timeline is not given up" +
                                                advice_on_lost(settings)};
        std::cout << "timeline " << walmgr::to_string(tli)
                  << " is not given up any more; nothing was promoted, and the old primary may be started\n";
        log.finish();
    });
}

int undo_switchover(config const& settings, bool dry_run, std::chrono::seconds limit) {
    return undo(settings, "switchover", [&](walmgr::journal& log) {
        auto const name = log.noted("node");
        if (!name || !log.begun("hand over")) {
            std::cout << "nothing to undo\n";
            if (!dry_run) log.finish();
            return;
        }
        auto const& nodes = settings.nodes;
        auto const& standby = *name == nodes.master.name ? nodes.master : nodes.slave;
        auto const& old = other_of(nodes, standby);
        auto const tli = walmgr::detail::noted_timeline(log, "timeline");
        // This command has promoted nothing, as its journal says, and nobody else can where the claim is its own. Who
        // promotes by hand asks nobody: then the server itself says so, unless it is away too.
        if (walmgr::role_of(standby) == walmgr::role::primary)
            throw error{fault::negative,
                        standby.name + " answers as a primary: the old primary must not be started; let it rejoin"};
        keep_from_promotion(settings, tli, log, dry_run);
        result().change("start", key_of(old));
        if (dry_run) {
            std::cout << "would start the old primary where it is down, and forget the switchover\n";
            return;
        }
        auto const at = machine_of(settings, old, noted_system(log));
        // What the killed run has started may still be stopping it.
        at.act(walmgr::machine_step::stop, limit);
        at.act(walmgr::machine_step::start, limit);
        std::cout << shown(old) << " runs as the primary that it was\n";
        // Only now, when it answers those who want to promote.
        give_claim_back(settings, tli, log);
        log.finish();
    });
}

void give_claim_back(config const& settings, walmgr::timeline tli, walmgr::journal const& log) {
    for (auto const& why : release_where_possible(settings, tli, log))
        warn(why + "; where this switchover has claimed the promotion there, the next boot or switchover needs "
                   "--take-over");
}

}  // namespace walmgr_app
