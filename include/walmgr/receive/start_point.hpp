/// Where a receiver begins: behind all that is safe already, on a server that is the continuation of it.
#pragma once

#include <walmgr/archived.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/store.hpp>
#include <walmgr/timeline_history.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace walmgr {

/// How far the log is safe.
struct safe_log {
    segment next{};  ///< the first segment that is not
    lsn durable{};   ///< up to here its bytes are durable nevertheless
};

/// What the server says of itself.
struct server_log {
    timeline tli{};
    lsn flushed{};
    std::vector<ancestor> past{};  ///< of its timeline
    bool standby = false;
};

/// Where to begin.
struct start_point {
    segment at{};
    std::string alarm{};  ///< what somebody has to know of it; empty mostly
};

namespace detail {

inline segment behind(segment one) {
    return {one.tli, one.number + 1};
}

/// Behind what lies in the folder; nothing when nothing does.
inline std::optional<segment> behind_folder(partial_contents const& local) {
    if (!local.unfinished.empty()) return local.unfinished.front();
    if (!local.whole.empty()) return behind(local.whole.back());
    return std::nullopt;
}

inline std::optional<safe_log> safe_up_to(std::optional<segment> next, cluster const& of,
                                          std::optional<wal_position> const& flushed) {
    if (!next && flushed) next = segment{flushed->tli, flushed->at.bytes / of.size.bytes};
    if (!next) return std::nullopt;
    safe_log known{*next, begin_of(*next, of.size)};
    if (flushed && flushed->tli == next->tli) known.durable = std::max(known.durable, flushed->at);
    return known;
}

}  // namespace detail

/// How far the log is safe by what the folder knows; nothing when that is nothing at all. The repository may have more
/// of it, never less.
inline std::optional<safe_log> find_safe_log(cluster const& of, partial_contents const& local,
                                             std::optional<wal_position> const& flushed) {
    return detail::safe_up_to(detail::behind_folder(local), of, flushed);
}

/// How far the log is safe in the folder and the repository; nothing when there is none of it at all.
/// @throws error  from the store
std::optional<safe_log> find_safe_log(store auto const& where, cluster const& of, partial_contents const& local,
                                      std::optional<wal_position> const& flushed) {
    auto next = detail::behind_folder(local);
    auto const archived = newest_segment(where, of);
    if (!next && archived) next = detail::behind(*archived);
    else if (!next && flushed) next = segment{flushed->tli, flushed->at.bytes / of.size.bytes};
    // An archiver may have brought what was not received meanwhile.
    while (next && archived && *next <= *archived && has_segment(where, of, *next))
        next = detail::behind(*next);
    return detail::safe_up_to(next, of, flushed);
}

/// @throws error  identity, for a server that cannot be the continuation of what is safe, with the reason; unavailable,
///                for a standby that has not come so far yet, or waits for what we have
inline start_point choose_start(safe_log const& known, server_log const& server, segment_size size) {
    auto const number = [](timeline tli) { return std::to_string(static_cast<std::uint32_t>(tli)); };
    auto const refuse = [](std::string const& why) {
        throw error{fault::identity, "the server is not the one to receive from: " + why};
    };
    auto const tli = known.next.tli;
    if (tli > server.tli)
        refuse("it is on timeline " + number(server.tli) + ", and there is log of timeline " + number(tli) +
               " already; it is an old primary or an old copy");
    if (tli == server.tli) {
        if (server.standby && server.flushed < known.durable)
            throw error{fault::unavailable, "the server is a standby, at " + to_string(server.flushed) +
                                                ", and its log is safe up to " + to_string(known.durable) + " already"};
        // Behind a crash a server may write anew what of its last segment was flushed in the middle of a record, and so
        // be behind within it; a segment that is whole never changes.
        if (server.flushed < begin_of(known.next, size))
            refuse("it is behind, at " + to_string(server.flushed) + ", and its log is safe up to " +
                   to_string(known.durable) + " already; it is an old copy");
        return {known.next, {}};
    }
    auto const left =
        std::find_if(server.past.begin(), server.past.end(), [&](auto const& one) { return one.tli == tli; });
    if (left == server.past.end()) {
        refuse("its timeline " + number(server.tli) + " does not come from timeline " + number(tli) +
               ", of which there is log; it is on another branch");
        return {};
    }
    if (known.durable <= left->end) return {known.next, {}};
    auto const then = std::next(left) == server.past.end() ? server.tli : std::next(left)->tli;
    return {{then, left->end.bytes / size.bytes},
            "timeline " + number(tli) + " was received up to " + to_string(known.durable) + ", but timeline " +
                number(then) + " leaves it at " + to_string(left->end) +
                ": what was written between is not in the new primary, and is kept here"};
}

}  // namespace walmgr
