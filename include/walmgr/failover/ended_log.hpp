/// How far a standby can come by what all repositories together have of a timeline that ends: to its end, or to a gap.
/// A gap is an end only where somebody has accepted it; a standby that has received what is missing passes it.
#pragma once

#include <pgq/libpq/connection.hpp>

#include <walmgr/error.hpp>
#include <walmgr/missing_log.hpp>
#include <walmgr/sql/replay.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace walmgr {

/// What there is of one timeline, and what is missing, both by position.
struct ended_log {
    segment_size size{};
    std::vector<wal_gap> held{};
    std::vector<known_gap> gaps{};
};

/// That timeline's part of all that is missing. Somebody must have been asked.
inline ended_log ended_log_of(missing_log const& all, timeline tli) {
    ended_log found{.size = all.of->size};
    std::copy_if(all.held.begin(), all.held.end(), std::back_inserter(found.held),
                 [&](wal_gap const& one) { return one.tli == tli; });
    std::copy_if(all.everywhere.begin(), all.everywhere.end(), std::back_inserter(found.gaps),
                 [&](known_gap const& one) { return one.where.tli == tli; });
    return found;
}

/// The first gap that a standby which has come to `at` has not passed; null where there is none.
inline known_gap const* gap_ahead(ended_log const& log, lsn at) {
    auto const found = std::find_if(log.gaps.begin(), log.gaps.end(), [&](known_gap const& one) {
        return at < begin_of({one.where.tli, one.where.last + 1}, log.size);
    });
    return found == log.gaps.end() ? nullptr : &*found;
}

/// Where a standby must have come to in any case: the begin of the last segment that is there, in front of a gap.
inline lsn least_end(ended_log const& log, known_gap const* gap) {
    lsn end{};
    for (auto const& run : log.held) {
        if (gap == nullptr || run.last < gap->where.first) end = begin_of({run.tli, run.last}, log.size);
    }
    return end;
}

namespace detail {

inline std::string line_of(std::string const& note) {
    return note.substr(0, note.find('\n'));
}

/// For messages: what is missing, and why where that is known.
inline std::string described(known_gap const& gap, segment_size size) {
    return shown(gap.where, size) + (gap.where.count() > 1 ? " are missing" : " is missing") +
           (gap.found ? ", " + line_of(*gap.found) : std::string{});
}

}  // namespace detail

/// Refuses a gap that nobody has accepted. @throws error  gap
inline void require_accepted(ended_log const& log, known_gap const& gap) {
    if (gap.accepted) return;
    throw error{fault::gap, detail::described(gap, log.size) +
                                ", and what is behind cannot be replayed. Bring it by gap refill; or where it is lost "
                                "for good give gap accept " +
                                file_name({gap.where.tli, gap.where.first}, log.size) +
                                " --why ..., and boot again, which then promotes in front of it"};
}

/// Refuses at once what a standby will never get at: a gap that nobody has accepted, and that it has no file of. One of
/// which it has a file it may have received; drain() finds out. @throws error  gap; pgq::error
inline void require_way(pgq::libpq::connection& db, ended_log const& log) {
    auto const state = sql::read_replay_state(db);
    if (!state.in_recovery) return;
    auto const* const gap = gap_ahead(log, std::max(state.received, state.replayed));
    if (gap != nullptr && !sql::has_log_file(db, file_name({gap->where.tli, gap->where.first}, log.size)))
        require_accepted(log, *gap);
}

/// What is lost by a promotion at `at`, in one line; empty where that is not in front of a gap that was accepted.
inline std::string lost_behind(ended_log const& log, lsn at) {
    auto const* const gap = gap_ahead(log, at);
    if (gap == nullptr || !gap->accepted) return {};
    auto text = detail::described(*gap, log.size) + ", accepted " + detail::line_of(*gap->accepted);
    std::uint64_t behind = 0;
    for (auto const& run : log.held)
        behind += run.first > gap->where.first ? run.count() : 0;
    text += "; all log from " + to_string(at) + " on is lost";
    if (behind > 0)
        text += ", with " + std::to_string(behind) + " archived segments behind it, up to " +
                file_name({log.held.back().tli, log.held.back().last}, log.size);
    return text;
}

}  // namespace walmgr
