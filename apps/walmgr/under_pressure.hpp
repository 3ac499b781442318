/// What xarchive does where the server's log folder must not fill: the key on_pressure.
#pragma once

#include "config.hpp"

#include <walmgr/pressure/dropped.hpp>
#include <walmgr/pressure/settle.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace walmgr_app {

/// Where it is noted what was dropped.
inline walmgr::dropped_log dropped_log_of(config const& settings) {
    return walmgr::dropped_log{settings.nodes.state_dir + '/' + settings.cluster + ".dropped"};
}

/// Archives a file, by the agent or here. @throws walmgr::error  when it is not archived
void archive_now(config const& settings, std::string const& path, std::string const& name);

/// Archives a file by the rule of the configuration. The status of the program; ends the program itself where a
/// repository is silent.
int archive_by_rule(config const& settings, std::string const& path, std::string const& name);

/// What was dropped on this machine of that cluster, and no repository may know of yet.
inline std::vector<walmgr::wal_gap> dropped_gaps(config const& settings, walmgr::cluster const& of) {
    auto const notes = dropped_log_of(settings);
    std::vector<walmgr::segment> dropped;
    for (auto const& name : notes.names()) {
        auto const one = notes.find(name);
        if (one && one->system_id == of.system_id && one->size == of.size) dropped.push_back(one->which());
    }
    std::sort(dropped.begin(), dropped.end());
    return walmgr::runs_of(dropped);
}

/// Brings to the repositories what is known of dropped log, and stores up to `most` segments that the server still has.
walmgr::settled settle(config const& settings, walmgr::repositories& all, std::size_t most);

/// A line for each thing that was done or could not be.
std::vector<std::string> lines_of(walmgr::settled const& told);

}  // namespace walmgr_app
