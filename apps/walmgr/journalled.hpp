/// Commands of many steps on the servers of the configuration: their journal, and that a server is the right one.
#pragma once

#include "open_repository.hpp"
#include "parts.hpp"

#include <walmgr/journal.hpp>
#include <walmgr/server.hpp>
#include <walmgr/text_file.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

namespace walmgr_app {

/// One for all of them: a cluster's servers have their roles changed by one command at a time.
inline std::string journal_path(config const& settings) {
    return settings.nodes.state_dir + '/' + settings.cluster + ".journal";
}

/// Refuses a server of another cluster than the repository keeps. @return its system id @throws walmgr::error  identity
inline std::uint64_t check_identity(config const& settings, walmgr::node const& one) {
    auto db = walmgr::session_with(one, std::chrono::seconds{30});
    auto const where = open_repository(settings);
    auto const known = known_cluster(settings, where);
    auto const is = walmgr::identify_cluster(db, settings.cluster);
    if (is.system_id != known.system_id)
        throw walmgr::error{walmgr::fault::identity, one.name + " has system id " + std::to_string(is.system_id) +
                                                         ", and the repository keeps " +
                                                         std::to_string(known.system_id)};
    return is.system_id;
}

/// Puts an unfinished `command` out of the way of another one that does what is left of it. `can()` says whether that
/// is so, and throws where the other one could not begin. Nothing happens where no such command is unfinished.
void give_way(config const& settings, std::string_view command, auto&& can) {
    auto const path = journal_path(settings);
    auto const text = walmgr::read_text_file(path);
    if (!text || !text->starts_with("command " + std::string{command} + '\n')) return;
    walmgr::journal log{path, command};
    if (!can(log)) return;
    std::cout << "in place of a " << command << " that is unfinished" << std::endl;
    log.finish();
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
