/// Asking the agent of a configuration. Where there is none, or it declines, the command does its work itself.
#pragma once

#include "config.hpp"

#include <walmgr/agent/ask.hpp>

#include <optional>
#include <string>

namespace walmgr_app {

/// What of a configuration says what "archived" means: only an agent that has read the same is believed.
std::string meaning_of(config const& settings);

/// True when the agent says that the segment at `path` is archived; its warnings are on standard error then.
/// @throws walmgr::error  what it has failed with
bool agent_archives(config const& settings, std::string const& path, std::string const& name);

/// True when the agent has put the segment at `path`.
bool agent_fetches(config const& settings, std::string const& name, std::string const& path);

/// What an agent has done.
struct agent_counts {
    long process = 0;
    unsigned long asked = 0;    ///< segments to archive
    unsigned long ahead = 0;    ///< of them, that were archived before
    unsigned long waiting = 0;  ///< that are known and not asked for
    unsigned long fetched = 0;  ///< segments that were asked for by recovery
    unsigned long early = 0;    ///< of them, that were in the spool
    unsigned long spooled = 0;  ///< that are in the spool, or on their way
};
/// @throws walmgr::error  unavailable, when it does not answer
agent_counts ask_agent_counts(config const& settings);

}  // namespace walmgr_app
