/// What a receiver asks a server before it takes anything from it.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/replication.hpp>

#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/timeline_history.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A server of the right cluster.
struct server_facts {
    timeline tli{};
    lsn flushed{};
    std::vector<ancestor> past{};
    std::string history{};  ///< the file that `past` comes from; empty on the first timeline
    bool standby = false;
};

namespace detail {

/// The length of segments as SHOW writes it: `16MB`. Nothing for what no server has.
inline std::optional<segment_size> shown_segment_size(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{}) return std::nullopt;
    std::string_view const unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    unsigned const shift = unit == "MB" ? 20 : unit == "GB" ? 30 : unit == "kB" ? 10 : unit == "B" ? 0 : 63;
    return value > 1U << 20U ? std::nullopt : valid_segment_size(value << shift);
}

}  // namespace detail

/// @throws error  identity, for another cluster; configuration, for a server that is too old; pgq::error
inline server_facts ask_server(pgq::libpq::replication& server, cluster const& of) {
    constexpr int oldest = 150'000;
    if (server.server_version() < oldest)
        throw error{fault::configuration, "receiving needs PostgreSQL 15 or later, this server is of version " +
                                              std::to_string(server.server_version() / 10'000)};
    auto const who = server.identify_system();
    if (who.system_id != of.system_id)
        throw error{fault::identity, "the server is of another cluster: its system id is " +
                                         std::to_string(who.system_id) + ", the repository keeps the log of " +
                                         std::to_string(of.system_id) + " under the name " + of.name};
    auto const size = server.show("wal_segment_size");
    if (detail::shown_segment_size(size) != of.size)
        throw error{fault::identity, "the server has segments of " + size + ", the repository knows the cluster " +
                                         of.name + " with segments of " + std::to_string(of.size.bytes) + " bytes"};
    server_facts facts{.tli = timeline{who.timeline},
                       .flushed = lsn{who.flushed},
                       .past = {},
                       .history = {},
                       .standby = server.show("in_hot_standby") == "on"};
    if (who.timeline == 1) return facts;
    facts.history = server.timeline_history(who.timeline);
    auto past = parse_timeline_history(facts.history, facts.tli);
    if (!past) throw error{fault::corrupt, "the server's history of its timeline is not whole"};
    facts.past = std::move(*past);
    return facts;
}

/// A failure of a session, by its kind: `locked` where somebody else uses our slot.
inline error session_failure(pgq::error const& failure) {
    bool const active = failure.state() == "55006";
    std::string const more = active ? "; another receiver uses it, or a session that the server takes for alive" : "";
    return {active ? fault::locked : fault::unavailable, failure.what() + more};
}

}  // namespace walmgr
