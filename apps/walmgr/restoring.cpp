#include "restoring.hpp"

#include "command.hpp"
#include "result.hpp"
#include "this_program.hpp"

#include <unistd.h>
#include <walmgr/backup/wal_arrival.hpp>
#include <walmgr/process.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace walmgr_app {

std::string restore_command(config const& settings) {
    return command_of_server(settings, "xrestore %f %p");
}

namespace {

/// The major version of a folder's programs; 0 where there are none that say so.
int version_of_programs(std::string const& folder) {
    auto const program = walmgr::detail::program_in(folder, "postgres");
    if (!folder.empty() && ::access(program.c_str(), X_OK) != 0) return 0;
    try {
        auto const done = walmgr::run_process({program, "--version"}, {.deadline = std::chrono::seconds{30}});
        auto const digit = std::min(done.out.find_first_of("0123456789"), done.out.size());
        int version = 0;
        std::from_chars(done.out.data() + digit, done.out.data() + done.out.size(), version);
        return version;
    } catch (walmgr::error const&) {  // whoever wants to run it hears why it cannot be
        return 0;
    }
}

}  // namespace

std::string programs_for(config const& settings, int version, bool needed) {
    auto const number = std::to_string(version);
    auto const debian = "/usr/lib/postgresql/" + number + "/bin";
    bool const has_debian = ::access((debian + "/postgres").c_str(), X_OK) == 0;
    auto folder = settings.nodes.slave.programs;
    if (folder.empty() && has_debian) return debian;
    auto const is = version_of_programs(folder);
    if (is == 0 || is == version) return folder;
    if (has_debian) return debian;
    auto const why = "the backup is of PostgreSQL " + number + ", and the programs of " +
                     (folder.empty() ? "PATH" : "slave_bin = " + folder) + " are of " + std::to_string(is);
    if (needed)
        throw walmgr::error{walmgr::fault::configuration,
                            why + ": let slave_bin name the folder of those of " + number};
    say(why + ": start the server by those of " + number);
    return folder;
}

unsigned usual_jobs() {
    constexpr unsigned most = 8;
    return std::clamp(std::thread::hardware_concurrency(), 1U, most);
}

std::string shown(walmgr::restore_plan const& plan, walmgr::cluster const& of) {
    auto text = "backup " + plan.from.label + " (complete at " + to_string(plan.from.stop) + ", " + plan.from.stopped +
                ") to " + shown(plan.target) + " along timeline " +
                std::to_string(static_cast<std::uint32_t>(plan.line.own));
    if (plan.last) text += "; the log reaches to " + file_name(*plan.last, of.size);
    if (plan.accepted) text += ", and recovery ends there, in front of a gap that was accepted";
    return text;
}

void tell_plan(walmgr::restore_plan const& plan, walmgr::cluster const& of) {
    auto const needed = segments_between(plan.from.tli, plan.from.start, plan.from.stop, of.size);
    result().set({{"label", plan.from.label},
                  {"target", shown(plan.target)},
                  {"timeline", static_cast<std::uint32_t>(plan.line.own)},
                  {"first_segment", file_name(needed.first, of.size)},
                  {"last_segment", file_name(plan.last.value_or(needed.last), of.size)},
                  {"raw_size", raw_size_of(plan.from)}});
}

std::string reached(walmgr::recovery_outcome const& outcome) {
    if (outcome.position.empty()) return "the server has ended at its target";
    return std::string{outcome.promoted ? "recovered to " : "replayed to "} + outcome.position + " on timeline " +
           outcome.timeline +
           (outcome.time.empty() ? ", no transaction was replayed" : ", last commit " + outcome.time);
}

void tell_reached(walmgr::recovery_outcome const& outcome) {
    using apps::json;
    auto const known = [](std::string const& text) { return text.empty() ? json{nullptr} : json{text}; };
    result().set("reached", {{"position", known(outcome.position)},
                             {"timeline", outcome.timeline.empty() ? json{nullptr} : json::written(outcome.timeline)},
                             {"time", known(outcome.time)},
                             {"promoted", outcome.promoted}});
}

}  // namespace walmgr_app
