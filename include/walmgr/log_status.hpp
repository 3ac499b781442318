/// How far the log is at the server, where it is received, and in the repositories. What cannot be asked is said, and
/// the rest is told nevertheless.
#pragma once

#include <pgq/error.hpp>

#include <walmgr/archive_pace.hpp>
#include <walmgr/archived.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/pressure/dropped.hpp>
#include <walmgr/pressure/rule.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/sql/archiver.hpp>
#include <walmgr/sql/health.hpp>
#include <walmgr/sql/progress.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// What the server says.
struct server_status {
    sql::log_progress log{};
    sql::archiver_state archiver{};
    std::vector<sql::slot> slots{};
    std::optional<sql::receiver_state> receiver{};
    archive_pace pace{};  ///< of the archiver, after a first reading
};

/// What the folder has into which is received.
struct received_status {
    std::optional<wal_position> flushed{};
    std::uint64_t waiting = 0;  ///< files that the repository has not yet
};

/// A gap that is recorded, and that nobody has filled or accepted.
struct open_gap {
    wal_gap where{};
    std::string why{};
};

/// What a repository has.
struct repository_status {
    std::string location{};
    std::optional<segment> last{};  ///< the newest segment
    std::vector<open_gap> gaps{};
};

/// What is known of the server's log folder, where that is on this machine.
struct local_status {
    std::optional<log_pressure> pressure{};  ///< where there is a rule for it
    std::vector<dropped_file> dropped{};     ///< of which the repositories do not know yet
    std::size_t aside = 0;                   ///< small files that wait for the repositories as well
};

/// All of it.
struct log_status {
    std::string cluster{};
    std::optional<server_status> server{};
    local_status local{};
    std::optional<received_status> received{};  ///< nothing where this machine does not receive
    std::vector<repository_status> repositories{};
    std::vector<repository_failure> failed{};  ///< whom could not be asked, and why
    std::optional<segment_size> size{};        ///< of segments; nothing when no repository can be asked
};

/// Bytes that a server is ahead of a position; 0 when it is not.
inline std::uint64_t bytes_behind(lsn server, lsn at) {
    return server.bytes > at.bytes ? server.bytes - at.bytes : 0;
}
/// Where a repository's log ends.
inline std::optional<lsn> end_of(repository_status const& one, segment_size size) {
    if (!one.last) return std::nullopt;
    return begin_of({one.last->tli, one.last->number + 1}, size);
}

/// `application_name` is the receiver's. @throws pgq::error
server_status ask_server_status(pgq::transport auto& db, std::string const& application_name) {
    server_status found{.log = sql::read_log_progress(db),
                        .archiver = sql::read_archiver_state(db),
                        .slots = sql::physical_slots(db),
                        .receiver = sql::read_receiver(db, application_name)};
    found.pace.note(sql::read_archiver(db));
    return found;
}

/// Looks at what was dropped, and at the log folder unless that is empty or not here.
/// What fails becomes a part of `into`.
inline void add_local_status(dropped_log const& dropped, pressure_rule const& rule, std::string const& log_folder,
                             log_status& into) {
    try {
        for (auto const& name : dropped.names()) {
            if (auto one = dropped.find(name)) into.local.dropped.push_back(std::move(*one));
        }
        into.local.aside = dropped.aside().size();
        bool const here = !log_folder.empty() && ::access(log_folder.c_str(), X_OK) == 0;
        if (here && rule.action != on_pressure::block)
            into.local.pressure = measure_pressure(rule, log_folder, dropped.removable(log_folder));
    } catch (error const& failure) { into.failed.push_back({dropped.folder(), failure.kind(), failure.what()}); }
}

/// Asks the repositories, and looks into the folder unless that is empty. Lists names, reads none of the log.
/// What fails becomes a part of `into`.
inline void add_storage_status(repositories& all, std::vector<std::string> const& locations, std::string const& folder,
                               log_status& into) {
    for (std::size_t which = 0; which < all.size(); ++which) {
        all.attempt(which, into.failed, [&](repository const& in) {
            repository_status found{.location = locations.at(which), .last = newest_segment(in.where, in.of)};
            auto const accepted = accepted_gaps(in.where, in.of);
            for (auto const& gap : found_gaps(in.where, in.of)) {
                if (!is_accepted(accepted, gap) && is_open(in.where, in.of, gap))
                    found.gaps.push_back({gap, why_of_gap(in.where, in.of, gap)});
            }
            into.size = in.of.size;
            into.repositories.push_back(std::move(found));
        });
    }
    if (folder.empty()) return;
    try {
        auto const local = list_partials(folder, into.size.value_or(segment_size{}));
        if (!local) return;
        into.received = received_status{.flushed = read_flushed(folder),
                                        .waiting = local->whole.size() + local->ended.size() + local->histories.size()};
    } catch (error const& failure) { into.failed.push_back({folder, failure.kind(), failure.what()}); }
}

}  // namespace walmgr
