/// A server that we start and stop: where its data lies, and how it is reached.
#pragma once

#include <walmgr/control_data.hpp>
#include <walmgr/location.hpp>
#include <walmgr/process.hpp>
#include <walmgr/restore/running_server.hpp>
#include <walmgr/server_config.hpp>
#include <walmgr/wait.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace walmgr {

/// One of the two servers of a configuration.
struct node {
    std::string name{};         ///< for messages: "the master"
    bool named = true;          ///< false: the configuration has no such server, and there is nobody to be asked
    std::string db{};           ///< connection string for our own sessions
    std::string data{};         ///< data folder; empty when it is on another machine
    std::string config{};       ///< its postgresql.conf; empty: as it was started last, or in the data folder
    location machine{};         ///< where it lives, and the configuration there; no host: here
    std::string data_there{};   ///< data folder on that other machine, as far as it is known here
    std::string programs{};     ///< folder of PostgreSQL's programs; empty: as PATH has them
    std::string followed_by{};  ///< connection string with which a standby follows it
    std::vector<std::string> start_command{};  ///< empty for pg_ctl
    std::vector<std::string> stop_command{};   ///< empty for pg_ctl
    std::string slot{};                        ///< by which a primary keeps the log for it; empty for none
    std::string receiver_slot{};               ///< by which a primary keeps the log for `receive`; empty for none
    std::string log{};                         ///< where pg_ctl lets the server write before its own log begins
};

/// The path of one of PostgreSQL's programs.
inline std::string program_of(node const& of, std::string const& name) {
    return of.programs.empty() ? name : of.programs + '/' + name;
}

/// Its name, and the machine where that is another one: for messages.
inline std::string shown(node const& of) {
    if (of.machine.host.empty()) return of.name;
    return of.name + " on " + (of.machine.user.empty() ? "" : of.machine.user + '@') + of.machine.host +
           (of.machine.port == 0 ? "" : ':' + std::to_string(of.machine.port));
}

/// @throws error  configuration, when the data folder is not known, or is on another machine
inline std::string const& data_of(node const& of) {
    if (!of.machine.host.empty())
        throw error{fault::configuration, "this works in the data folder of " + shown(of) + "; run it there"};
    if (of.data.empty())
        throw error{fault::configuration, "the data folder of " + of.name + " is needed here; set " +
                                              (of.name == "the master" ? "master_data" : "slave_data")};
    return of.data;
}

/// The postgresql.conf of a server where that does not lie in its data folder; empty when it does.
/// @throws error  unavailable; configuration, when the data folder is not known
inline std::string outside_config(node const& of) {
    return of.config.empty() ? last_config(data_of(of)) : of.config;
}

/// Refuses a server that could not be started: to be called before it is stopped, or made.
/// @throws error  configuration, with the key that is missing or wrong
inline void require_startable(node const& of) {
    if (!of.start_command.empty()) return;
    bool const master = of.name == "the master";
    auto const config = outside_config(of);
    if (!config.empty() && ::access(config.c_str(), R_OK) == 0) return;
    if (!config.empty()) refuse("cannot read " + config + ", by which " + of.name + " is started");
    if (::access((data_of(of) + "/postgresql.conf").c_str(), F_OK) == 0) return;
    throw error{fault::configuration,
                data_of(of) + " has no postgresql.conf, and nothing says where that of " + of.name + " is: set " +
                    (master ? "master_config, or master_start_cmd" : "slave_config_dir, or slave_start_cmd")};
}

/// Why a server may be running on the node's data folder, on this machine; nothing when none does.
/// @throws error  configuration, when the data folder is not known or not there
inline std::optional<std::string> sign_of_server(node const& of) {
    std::error_code problem;
    auto const data = std::filesystem::canonical(data_of(of), problem);
    if (problem)
        throw error{fault::configuration, "the data folder of " + of.name + ", " + of.data + ", cannot be found: " +
                                              problem.message() + "; where it is on another machine, name that in " +
                                              (of.name == "the master" ? "master_machine" : "slave_machine")};
    return sign_of_server(data.string());
}

/// Stops a server in order, with all of its log sent to those who follow it. Nothing happens when it does not run, and
/// all is well when somebody else, such as a run of ours that was killed, has stopped it meanwhile.
/// @throws error  timed_out, unavailable, server_running
inline void stop_node(node const& of, std::chrono::seconds limit) {
    auto const& data = data_of(of);
    if (!sign_of_server(of)) return;
    auto const deadline = limit + std::chrono::seconds{10};
    // A server removes its pid file, which pg_ctl wants and waits for, a moment before its last process has ended.
    constexpr std::chrono::seconds last_moment{10};
    std::optional<std::string> still;
    auto const ended = [&] { return holds_within(last_moment, [&] { return !(still = sign_of_server(of)); }); };
    try {
        if (of.stop_command.empty())
            run_checked(
                {program_of(of, "pg_ctl"), "stop", "-D", data, "-m", "fast", "-w", "-t", std::to_string(limit.count())},
                {.deadline = deadline, .environment = {{"LC_ALL", "C"}}});
        else run_checked(of.stop_command, {.deadline = deadline});
    } catch (error const&) {
        if (!ended()) throw;
        return;
    }
    if (!ended()) throw error{fault::server_running, of.name + " was stopped, but " + *still};
}

namespace detail {

/// Whether a server that somebody else has started takes connections within `limit`. False at once when there is none.
inline bool comes_up(node const& of, std::chrono::milliseconds limit) {
    bool there = true;
    auto const up = [&] {
        constexpr std::size_t state_line = 7;
        auto const lines = pid_file_lines(data_of(of));
        return lines.size() > state_line &&
               (lines[state_line].starts_with("ready") || lines[state_line].starts_with("standby"));
    };
    bool const ended = holds_within(limit, [&] { return !(there = sign_of_server(of).has_value()) || up(); });
    return ended && there;
}

}  // namespace detail

/// Starts a server. Nothing happens when it runs. That it can be reached is another question.
/// @throws error  timed_out, unavailable
inline void start_node(node const& of, std::chrono::seconds limit) {
    auto const& data = data_of(of);
    if (sign_of_server(of)) return;
    auto const deadline = limit + std::chrono::seconds{10};
    auto const end = std::chrono::steady_clock::now() + limit;
    try {
        if (of.start_command.empty()) {
            std::vector<std::string> command{
                program_of(of, "pg_ctl"), "start", "-D", data, "-l", of.log, "-w", "-t", std::to_string(limit.count())};
            if (auto const config = outside_config(of); !config.empty())
                command.insert(command.end(),
                               {"-o", start_options({"config_file=" + config, "data_directory=" + data})});
            run_checked(command, {.deadline = deadline, .environment = {{"LC_ALL", "C"}}});
        } else run_checked(of.start_command, {.deadline = deadline});
    } catch (error const&) {
        // One that a run of ours was starting when it was killed may have been faster.
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (!detail::comes_up(of, left)) throw;
    }
}

}  // namespace walmgr
