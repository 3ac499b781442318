/// What two machines say to each other about a server of one of them, version 1: one line of JSON each way.
///
///     {"walmgr": 1, "node": "the master", "action": "stop", "limit": 300, "system_id": 7, "cluster": "main", "slot":
///     ""}
///     {"walmgr": 1}                                            done
///     {"walmgr": 1, "sign": "...", "control": "...", "obstacle": "", "archive_command": "..."}  seen; without "sign"
///     nothing runs
///     {"walmgr": 1, "failed": 16, "why": "..."}                a number of walmgr::fault
///
/// The asking end keeps its end open until it has the answer: once it is closed nobody wants the step any more.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/failover/machine.hpp>
#include <walmgr/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// What is asked of a server's own machine.
struct machine_request {
    std::string node{};                  ///< the name that both configurations have for it
    std::optional<machine_step> step{};  ///< nothing: look
    std::chrono::seconds limit{};
    std::uint64_t system_id = 0;  ///< of the server that is meant; 0 where that is not known
    std::string cluster{};        ///< these two must be the same in the configurations of both machines
    std::string slot{};

    friend bool operator==(machine_request const&, machine_request const&) = default;
};

/// What comes back.
struct machine_answer {
    std::optional<fault> failed{};
    std::string why{};
    std::optional<std::string> sign{};
    std::string control{};          ///< as pg_controldata prints it
    std::string obstacle{};         ///< see machine_state
    std::string archive_command{};  ///< likewise

    friend bool operator==(machine_answer const&, machine_answer const&) = default;
};

namespace detail {

inline constexpr int machine_protocol = 1;

/// @throws error  configuration, for a walmgr of another version
inline void check_machine_protocol(int version) {
    if (version != machine_protocol)
        throw error{fault::configuration, "one walmgr speaks version " + std::to_string(version) +
                                              ", the other version " + std::to_string(machine_protocol) +
                                              "; install the same walmgr on both machines"};
}

/// @throws error  unavailable, for what is no such line
void read_machine_line(std::string_view text, auto&& member) {
    int version = 0;
    try {
        json_in in{text};
        each_member(in, [&](std::string_view name) {
            if (name == "walmgr") check_machine_protocol(version = json_number<int>(in));
            else member(in, name);
        });
        in.end();
    } catch (pgq::decode_error const& problem) {
        throw error{fault::unavailable, std::string{"what came is not what walmgr says: "} + problem.what()};
    }
    check_machine_protocol(version);
}

}  // namespace detail

/// One line, with its end.
inline std::string to_line(machine_request const& asked) {
    using detail::json_text;
    std::string_view action = "look";
    for (auto const& [step, name] : machine_steps)
        if (asked.step == step) action = name;
    return "{\"walmgr\": " + std::to_string(detail::machine_protocol) + ", \"node\": " + json_text(asked.node) +
           ", \"action\": " + json_text(action) + ", \"limit\": " + std::to_string(asked.limit.count()) +
           ", \"system_id\": " + std::to_string(asked.system_id) + ", \"cluster\": " + json_text(asked.cluster) +
           ", \"slot\": " + json_text(asked.slot) + "}\n";
}

/// @throws error  unavailable, for what is no request; configuration, for one of another version
inline machine_request parse_machine_request(std::string_view line) {
    machine_request read;
    std::string action;
    detail::read_machine_line(line, [&](detail::json_in& in, std::string_view name) {
        if (name == "node") read.node = detail::json_string_of(in);
        else if (name == "action") action = detail::json_string_of(in);
        else if (name == "limit") read.limit = std::chrono::seconds{detail::json_number<std::uint32_t>(in)};
        else if (name == "system_id") read.system_id = detail::json_number<std::uint64_t>(in);
        else if (name == "cluster") read.cluster = detail::json_string_of(in);
        else if (name == "slot") read.slot = detail::json_string_of(in);
        else in.fail("an unknown name");
    });
    for (auto const& [step, name] : machine_steps)
        if (action == name) read.step = step;
    if (!read.step && action != "look") throw error{fault::unavailable, "nobody knows how to \"" + action + '"'};
    return read;
}

/// One line, with its end.
inline std::string to_line(machine_answer const& given) {
    using detail::json_text;
    auto out = "{\"walmgr\": " + std::to_string(detail::machine_protocol);
    if (given.failed)
        out +=
            ", \"failed\": " + std::to_string(static_cast<int>(*given.failed)) + ", \"why\": " + json_text(given.why);
    if (given.sign) out += ", \"sign\": " + json_text(*given.sign);
    if (!given.control.empty())
        out += ", \"control\": " + json_text(given.control) + ", \"obstacle\": " + json_text(given.obstacle) +
               ", \"archive_command\": " + json_text(given.archive_command);
    return out + "}\n";
}

/// @throws error  unavailable, for what is no answer; configuration, for one of another version
inline machine_answer parse_machine_answer(std::string_view line) {
    machine_answer read;
    detail::read_machine_line(line, [&](detail::json_in& in, std::string_view name) {
        if (name == "failed") {
            constexpr std::array known{fault::negative, fault::usage,     fault::configuration, fault::identity,
                                       fault::corrupt,  fault::locked,    fault::timed_out,     fault::disk_full,
                                       fault::gap,      fault::duplicate, fault::server_running};
            auto const kind = fault{detail::json_number<int>(in)};
            read.failed = std::find(known.begin(), known.end(), kind) != known.end() ? kind : fault::unavailable;
        } else if (name == "why") read.why = detail::json_string_of(in);
        else if (name == "sign") read.sign = detail::json_string_of(in);
        else if (name == "control") read.control = detail::json_string_of(in);
        else if (name == "obstacle") read.obstacle = detail::json_string_of(in);
        else if (name == "archive_command") read.archive_command = detail::json_string_of(in);
        else in.fail("an unknown name");
    });
    return read;
}

}  // namespace walmgr
