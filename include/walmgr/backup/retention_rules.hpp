/// What decides which backups are kept.
#pragma once

namespace walmgr {

/// How long backups are kept. Either rule keeps what it names; where neither is given, everything is kept.
struct retention {
    unsigned count = 0;    ///< the newest so many full backups; 0 for no such rule
    unsigned days = 0;     ///< what can restore any moment of so many days; 0 for no such rule
    unsigned minimum = 1;  ///< so many full backups are left, whatever the rules say; at least one is
};

}  // namespace walmgr
