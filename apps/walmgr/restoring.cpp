#include "restoring.hpp"

#include "result.hpp"
#include "this_program.hpp"

#include <unistd.h>
#include <walmgr/backup/wal_arrival.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>

namespace walmgr_app {

std::string restore_command(config const& settings) {
    return command_of_server(settings, "xrestore %f %p");
}

std::string programs_for(config const& settings, int version) {
    if (!settings.nodes.slave.programs.empty()) return settings.nodes.slave.programs;
    auto debian = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
    return ::access((debian + "/postgres").c_str(), X_OK) == 0 ? debian : std::string{};
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

}  // namespace walmgr_app
