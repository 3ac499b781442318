/// What the steps of a failover need of the repository and of whoever watches.
#pragma once

#include "config.hpp"

#include <walmgr/failover/steps.hpp>

namespace walmgr_app {

/// What all repositories together have of a timeline. @throws walmgr::error  where one of them cannot be asked
walmgr::ended_log ended_log_of(config const& settings, walmgr::timeline tli);

/// Keeps a reference to the configuration. `without_receivers`: nobody is waited for who has received something;
/// `take_over`: as claim_promotion() has it.
walmgr::failover_hooks hooks_of(config const& settings, bool without_receivers, bool take_over);
/// Keeps one to the standby, too: what its primary had not archived is brought after the promotion.
walmgr::failover_hooks hooks_of_boot(config const& settings, walmgr::node const& standby, bool without_receivers,
                                     bool take_over);

}  // namespace walmgr_app
