/// What `gap list` shows, to people and to programs.
#pragma once

#include "config.hpp"
#include "under_pressure.hpp"

#include <walmgr/kept_timelines.hpp>
#include <walmgr/missing_log.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace walmgr_app {

/// A line for each. `discarded`: from where on log was thrown away, and nothing is archived. @return how many
std::size_t show(config const& settings, walmgr::missing_log const& found,
                 std::vector<walmgr::lacking_history> const& histories,
                 std::optional<walmgr::segment> const& discarded);

/// One object, with what was dropped on this machine.
void show_json(config const& settings, walmgr::missing_log const& found,
               std::vector<walmgr::lacking_history> const& histories, std::optional<walmgr::segment> const& discarded,
               std::vector<walmgr::dropped_file> const& here);

}  // namespace walmgr_app
