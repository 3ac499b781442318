/// What `gap refill --damaged` does beyond `gap refill`.
#pragma once

#include "config.hpp"

#include <string>

namespace walmgr_app {

/// What it is told.
struct damaged_order {
    std::string file{};  ///< of the log; empty: all that is archived is read
    unsigned jobs = 1;   ///< objects that are read at once
    bool act = true;     ///< else it only says what would be tried
};

/// Replaces what is damaged, and says so in a line each. @return the status: 0 when nothing is damaged any more
int replace_damaged_log(config const& settings, damaged_order const& order);

}  // namespace walmgr_app
