/// Commands of many steps on the servers of the configuration: their journal, and that a server is the right one.
#pragma once

#include "open_repository.hpp"
#include "parts.hpp"

#include <walmgr/journal.hpp>
#include <walmgr/server.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

namespace walmgr_app {

/// One for all of them: a cluster's servers have their roles changed by one command at a time.
inline std::string journal_path(config const& settings) {
    return settings.nodes.state_dir + '/' + settings.cluster + ".journal";
}

/// Refuses a server of another cluster than the repository keeps. @throws walmgr::error  identity
inline void check_identity(config const& settings, walmgr::node const& one) {
    auto db = walmgr::session_with(one, std::chrono::seconds{30});
    auto const where = open_repository(settings);
    auto const known = known_cluster(settings, where);
    auto const is = walmgr::identify_cluster(db, settings.cluster);
    if (is.system_id != known.system_id)
        throw walmgr::error{walmgr::fault::identity, one.name + " has system id " + std::to_string(is.system_id) +
                                                         ", and the repository keeps " +
                                                         std::to_string(known.system_id)};
}

/// Runs a command with its journal, which is left behind only where a step was begun.
int with_journal(config const& settings, std::string_view command, std::string_view first_step, auto&& work) {
    walmgr::journal log{journal_path(settings), command};
    if (log.resumed()) std::cout << "go on with what an earlier run has begun" << std::endl;
    try {
        work(log);
    } catch (...) {
        if (!log.begun(first_step)) log.finish();
        throw;
    }
    log.finish();
    return 0;
}

}  // namespace walmgr_app
