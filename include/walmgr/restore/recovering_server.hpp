/// Starting a restored server, and finding out whether it came to its target.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/conninfo.hpp>

#include <signal.h>
#include <unistd.h>
#include <walmgr/process.hpp>
#include <walmgr/recovery_target.hpp>
#include <walmgr/restore/running_server.hpp>
#include <walmgr/server_config.hpp>
#include <walmgr/sql/recovery.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// A server on a restored folder.
struct recovering_server {
    std::string programs{};  ///< folder of PostgreSQL's programs; empty: as PATH has them
    std::string data{};
    std::string db{};                     ///< how to log in; host and port are those of the server's own socket
    std::string log{};                    ///< where it writes before its own log begins
    std::vector<std::string> settings{};  ///< `name=value`, for this start only
    std::chrono::seconds limit{};         ///< for all of recovery
    /// How long it may refuse us and nothing else; unless set, for as long as all of recovery. A role may come with
    /// what is replayed.
    std::optional<std::chrono::seconds> refusal_limit{};
    /// Starts it, and not pg_ctl with `settings`; empty for pg_ctl.
    std::vector<std::string> start_command{};
};

/// How far it came.
struct recovery_outcome {
    std::string position{};  ///< the last that was replayed
    std::string time{};      ///< when the last transaction that was replayed had been committed; empty for none
    std::string timeline{};  ///< that it is on now
    bool promoted = false;
};

namespace detail {

inline std::string program_in(std::string const& folder, std::string const& name) {
    return folder.empty() ? name : folder + '/' + name;
}

/// What whoever is connected meanwhile, or just connecting, is told when the server starts or ends: us among them.
inline bool is_said_to_sessions(std::string_view complaint) {
    constexpr std::array words{std::string_view{"the database system is"}, std::string_view{"terminating connection"},
                               std::string_view{"canceling authentication"}};
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view one) { return complaint.find(one) != complaint.npos; });
}

/// The last complaint of a server's log that ended something.
inline std::string last_fatal(std::string const& log) {
    auto const from = open_file(log);
    if (!from.is_open()) return {};
    constexpr std::uint64_t most = 65'536;
    auto const size = from.size();
    std::string text(static_cast<std::size_t>(std::min(size, most)), '\0');
    text.resize(from.read(size - text.size(), text));
    for (std::string_view const word : {"PANIC:", "FATAL:"}) {
        for (auto at = text.rfind(word); at != text.npos; at = at == 0 ? text.npos : text.rfind(word, at - 1)) {
            auto found = text.substr(at, text.find('\n', at) - at);
            if (!is_said_to_sessions(found)) return found;
        }
    }
    return {};
}

/// The process named by postmaster.pid, while it lives.
inline std::optional<::pid_t> living_server(std::string const& data) {
    auto const lines = pid_file_lines(data);
    auto const process = lines.empty() ? std::nullopt : number_of_process(lines.front());
    if (process && ::kill(*process, 0) != 0 && errno == ESRCH) return std::nullopt;
    return process;
}

/// `db` with host and port of the socket that postmaster.pid names; nothing while it names none.
inline std::optional<std::string> own_conninfo(std::string const& db, std::string const& data) {
    auto const lines = pid_file_lines(data);
    constexpr std::size_t port = 3;
    constexpr std::size_t folder = 4;
    constexpr std::size_t address = 5;
    if (lines.size() <= address) return std::nullopt;
    auto const& host = lines[folder].empty() ? (lines[address] == "*" ? "localhost" : lines[address]) : lines[folder];
    std::string out;
    for (auto const& one : pgq::libpq::parse_conninfo(db)) {
        bool const replaced = one.keyword == "host" || one.keyword == "hostaddr" || one.keyword == "port" ||
                              one.keyword == "target_session_attrs";
        if (!replaced) out += one.keyword + '=' + pgq::libpq::quote_conninfo_value(one.value) + ' ';
    }
    return out + "host=" + pgq::libpq::quote_conninfo_value(host) + " port=" + lines[port];
}

}  // namespace detail

/// Starts the server and returns when it takes connections, or has ended by itself, which shutting down at the target
/// is. @throws error  timed_out; unavailable, when it cannot be started
inline void start_recovery(recovering_server const& of) {
    std::vector<std::string> command{
        detail::program_in(of.programs, "pg_ctl"), "start", "-D", of.data, "-l", of.log, "-w", "-t",
        std::to_string(of.limit.count())};
    if (!of.settings.empty()) command.insert(command.end(), {"-o", start_options(of.settings)});
    if (!of.start_command.empty()) command = of.start_command;
    auto const done = run_process(command, {.deadline = of.limit + std::chrono::seconds{30},
                                            .environment = {{"LC_ALL", "C"}, {"PGOPTIONS", ""}}});
    if (done.status != 0 && detail::living_server(of.data))
        throw error{fault::timed_out, "the server on " + of.data + " did not come to its target within " +
                                          std::to_string(of.limit.count()) + " s; it goes on"};
}

/// Stops it, whatever it does.
inline void stop_recovery(recovering_server const& of, std::string const& mode) {
    if (!detail::living_server(of.data)) return;
    run_process({detail::program_in(of.programs, "pg_ctl"), "stop", "-D", of.data, "-m", mode, "-w", "-t", "120"},
                {.deadline = std::chrono::seconds{150}, .environment = {{"LC_ALL", "C"}}});
}

/// Waits until the server is where it was told to go. @throws error  gap, when recovery ended in front of its target,
/// with what the server said; timed_out; unavailable, when it lets nobody in who could see that, and goes on
inline recovery_outcome await_target(recovering_server const& of, recovery_target const& target, bool standby) {
    using clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds look_again{100};
    bool const ends = target.kind != target_kind::latest && target.action == target_action::shutdown && !standby;
    bool const pauses = target.kind != target_kind::latest && target.action == target_action::pause && !standby;
    std::string problem;
    auto let_in = clock::now();  // or was kept out for another reason than who we are
    for (auto const end = clock::now() + of.limit; clock::now() < end; std::this_thread::sleep_for(look_again)) {
        if (!detail::living_server(of.data)) {
            auto const said = detail::last_fatal(of.log);
            if (ends && said.empty()) return {};
            throw error{fault::gap, "the server ended in front of " + shown(target) +
                                        (said.empty() ? "; its log is " + of.log : ": " + said)};
        }
        auto const conninfo = detail::own_conninfo(of.db, of.data);
        if (!conninfo) continue;
        try {
            pgq::libpq::connection db{*conninfo, {.statement_timeout = std::chrono::seconds{30}}};
            auto const state = sql::recovery_state(db);
            let_in = clock::now();
            bool const there = standby ? state.recovering : pauses ? state.paused : !state.recovering && !ends;
            if (there) return {state.position, state.time, state.timeline, !state.recovering};
            if (pauses && !state.recovering)
                throw error{fault::gap, "the server was promoted in front of " + shown(target)};
        } catch (pgq::connection_error const& refused) {  // it starts, ends, or does not let us in
            problem = refused.what();
            constexpr std::string_view invalid_authorization = "28";
            if (refused.state().condition_class() != invalid_authorization) let_in = clock::now();
            if (of.refusal_limit && clock::now() - let_in > *of.refusal_limit)
                throw error{fault::unavailable,
                            "the server on " + of.data + " goes on, and lets nobody in who could see how far it is (" +
                                problem + "); let the user of master_db log in through its socket as well"};
        }
    }
    throw error{fault::timed_out, "the server on " + of.data + " did not come to " + shown(target) + " within " +
                                      std::to_string(of.limit.count()) + " s" +
                                      (problem.empty() ? "" : "; connecting says: " + problem)};
}

}  // namespace walmgr
