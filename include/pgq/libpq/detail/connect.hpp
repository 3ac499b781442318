/// Opening a session without blocking, host by host, each with its own deadline.
#pragma once

#include <pgq/libpq/conninfo.hpp>
#include <pgq/libpq/detail/failure.hpp>
#include <pgq/libpq/detail/wait.hpp>
#include <pgq/libpq/options.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::libpq::detail {

struct connection_deleter {
    void operator()(PGconn* session) const noexcept;
};
using connection_handle = std::unique_ptr<PGconn, connection_deleter>;
using settings = std::vector<conninfo_setting>;

/// Starts to connect. Looking up a host name happens here or in PQconnectPoll and blocks.
[[gnu::cold]] connection_handle start(settings const& given);

/// Why a host could not be used.
struct refusal {
    std::string where;
    std::string reason;
    sqlstate state{"08001"};
    bool misused = false;  ///< the settings make no sense, whatever the host says
};

[[gnu::cold]] std::string address_of(PGconn const* session);

/// What to do about a reason whose own words do not say it; begins with a colon, or is empty.
std::string_view advice_on(std::string_view reason);

/// Reads libpq's message: one block per address tried, each with libpq's own prefix, and the SQLSTATE of a server's.
[[gnu::cold]] refusal refusal_of(PGconn const* session);

/// Why all hosts that were tried could not be used.
class refusals {
public:
    [[gnu::cold]] void add(refusal const& one);
    /// False, for whoever tried.
    [[gnu::cold]] bool add(PGconn const* session);
    [[noreturn, gnu::cold]] void give_up() const;
    [[nodiscard]] bool misused() const;

private:
    std::string text_{};
    std::string misuse_{};
    sqlstate state_{};
};

/// Carries a started connection through. @return whether it is open. @throws stopped
[[gnu::cold]] bool finish(PGconn* session, waiter const& waits, std::chrono::milliseconds limit, refusals& refused);

std::string_view value_of(settings const& all, std::string_view keyword);

/// Part `i` of a comma-separated list, counted from 0. A list of one part, which may be empty, has it for each `i`.
std::string_view part_of(std::string_view list, std::size_t i);

std::size_t parts(std::string_view list);

/// The settings for one host of a list.
[[gnu::cold]] settings for_host(settings const& all, std::size_t i, std::string_view wanted);

/// Two minutes after the other host has vanished, the kernel ends a connection over TCP, whether it is idle or waits
/// for an answer. Where the connection string, or its service, names any of these settings, all is left as it says.
[[gnu::cold]] void watch_over(PGconn const* session, settings const& all) noexcept;

/// The kernel takes a server that is there and reads nothing, since it waits for a lock say, for one that has vanished:
/// not while much is sent to it. @return false where watch_over() has set no limit, and nothing is to be restored
bool lift_user_timeout(PGconn const* session) noexcept;
void restore_user_timeout(PGconn const* session) noexcept;

/// Opens a session. libpq could go through a list of hosts itself, but only its blocking call gives each host a time
/// limit. `prefer-standby` is a round that insists on a standby and one that does not.
/// @throws connection_error, usage_error, stopped
[[gnu::cold]] connection_handle connect(std::string const& conninfo, options const& wanted, waiter const& waits);

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/connect.ipp>
#endif
