/// Waiting for the log of a backup.
#pragma once

#include "backed_up_server.hpp"
#include "config.hpp"

#include <walmgr/backup/record.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/store/any.hpp>

#include <chrono>
#include <stop_token>

namespace walmgr_app {

/// Sleeps, unless asked to stop. @throws pgq::stopped
void rest(std::chrono::milliseconds how_long, std::stop_token const& stop);

/// Waits until all log of the backup is in the repository, and was read there. While it does it says how far archiving
/// is: with `each_second`, and else now and then.
/// @throws walmgr::error  timed_out, by backup_wal_timeout; corrupt and identity; or from the store; pgq::stopped
void await_log(config const& settings, walmgr::any_store const& where, walmgr::cluster const& of,
               walmgr::backup_record const& taken, backed_up_server& server, bool each_second,
               std::stop_token const& stop);

}  // namespace walmgr_app
