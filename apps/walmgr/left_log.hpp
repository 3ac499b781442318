/// After a promotion: the log that the lost primary had not archived, and the new one has.
#pragma once

#include "config.hpp"

#include <walmgr/node.hpp>

#include <string>

namespace walmgr_app {

/// Brings into the repositories what they all lack of the timeline that `now` goes on from, as its history tells, out
/// of the new primary's pg_wal. Never in the way: what does not come, and why, is said, and to programs as an
/// attention.
void bring_left_log(config const& settings, walmgr::node const& primary, walmgr::timeline now,
                    std::string const& history);

}  // namespace walmgr_app
