/// What the two servers themselves say against a change of their roles.
#pragma once

#include <pgq/libpq/connection.hpp>

#include <walmgr/archiving.hpp>
#include <walmgr/error.hpp>
#include <walmgr/sql/archiver.hpp>
#include <walmgr/sql/health.hpp>
#include <walmgr/sql/replay.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace walmgr {

/// Whether two servers can change their roles now, without a loss and soon.
/// @throws error  negative, with what is in the way
inline void require_switchable(pgq::libpq::connection& primary, pgq::libpq::connection& standby,
                               std::uint64_t lag_limit) {
    auto const refuse_switch = [](std::string const& why) {
        throw error{fault::negative, "no switchover now: " + why};
    };
    auto const state = sql::read_replay_state(standby);
    if (!state.in_recovery || !state.streaming) refuse_switch("the standby does not stream");
    auto const at = sql::current_position(primary);
    auto const lag = at.bytes - std::min(at.bytes, state.replayed.bytes);
    if (lag > lag_limit)
        refuse_switch("the standby is " + std::to_string(lag) + " bytes behind, up to " + std::to_string(lag_limit) +
                      " are allowed" + (state.paused ? "; its replay is paused" : ""));
    if (state.paused) refuse_switch("replay on the standby is paused; run: walmgr CONFIG continue");
    // Under load there is always one, and perhaps the next: that few are archived in the time that a shutdown takes.
    constexpr std::int64_t most_files = 4;
    if (auto const files = sql::archive_backlog(primary); files > most_files)
        refuse_switch(std::to_string(files) + " files wait to be archived, and a shutdown waits for them");
    if (sql::backup_under_way(primary)) refuse_switch("a base backup is being taken");
    if (sql::backup_under_way(standby)) refuse_switch("a base backup of the standby is being taken");
    if (sql::shown_setting(primary, "data_checksums") != "on" && sql::shown_setting(primary, "wal_log_hints") != "on")
        refuse_switch(
            "neither checksums nor wal_log_hints are on, so that a primary which diverges could not rejoin; set "
            "wal_log_hints");
    // Where neither does the log is kept by a receiver, or by nobody; that does not change with the roles.
    if (auto const why = why_not_archiving(standby); why && !why_not_archiving(primary))
        refuse_switch("the standby would archive nothing as the primary, " + *why +
                      "; set archive_mode and archive_command there as on the primary, and restart it");
}

}  // namespace walmgr
