#include "../asking.hpp"
#include "../command.hpp"
#include "../look.hpp"

#include <common/json.hpp>
#include <common/status.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr_app {
namespace command_status {
namespace {

using apps::json_string;
using walmgr::lsn;

std::string seconds(double value) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.3f", value);
    return text.data();
}
std::string json_seconds(std::optional<double> value) {
    return value ? seconds(*value) : "null";
}
std::string json_text(std::optional<std::string> const& value) {
    return value ? json_string(*value) : "null";
}
std::string tli(walmgr::timeline value) {
    return std::to_string(static_cast<std::uint32_t>(value));
}
std::string gap_text(walmgr::wal_gap const& gap, walmgr::segment_size size) {
    return file_name({gap.tli, gap.first}, size) + " to " + file_name({gap.tli, gap.last}, size);
}
std::optional<lsn> server_end(walmgr::log_status const& found) {
    return found.server ? std::optional{found.server->log.flushed} : std::nullopt;
}
std::string behind(walmgr::log_status const& found, lsn at) {
    auto const server = server_end(found);
    return server ? ", " + std::to_string(bytes_behind(*server, at)) + " bytes behind" : "";
}
std::string json_behind(walmgr::log_status const& found, std::optional<lsn> at) {
    auto const server = server_end(found);
    return server && at ? std::to_string(bytes_behind(*server, *at)) : "null";
}

std::optional<double> drain_seconds(walmgr::archive_pace const& pace, std::optional<walmgr::segment_size> size) {
    return size ? pace.seconds_to_drain(*size) : std::nullopt;
}

void show_backlog(walmgr::archive_pace const& pace, std::optional<walmgr::segment_size> size) {
    auto const waiting = pace.newest().waiting;
    if (!waiting) return;
    std::cout << "backlog: " << *waiting << " files wait to be archived";
    if (auto const files = pace.files_a_second(); files && *waiting > 0) {
        auto const left = drain_seconds(pace, size);
        std::cout << ", " << seconds(*files) << " are in a second"
                  << (left ? ": none is left in " + seconds(*left) + " s" : ", and as many come");
    }
    std::cout << '\n';
}

void show_server(walmgr::server_status const& server, std::optional<walmgr::segment_size> size) {
    auto const& log = server.log;
    std::cout << "server: timeline " << tli(log.tli) << ", flushed up to " << to_string(log.flushed)
              << (log.in_recovery ? ", a standby" : "") << "\narchiver: ";
    if (server.archiver.last_archived)
        std::cout << "last " << *server.archiver.last_archived << ", " << seconds(log.seconds_since_last.value_or(0))
                  << " s ago";
    else std::cout << "nothing archived";
    std::cout << ", " << log.failed << " failures";
    if (server.archiver.failing)
        std::cout << "; failing now at " << server.archiver.last_failed.value_or("") << " since "
                  << server.archiver.failed_at.value_or("");
    std::cout << '\n';
    show_backlog(server.pace, size);
    for (auto const& slot : server.slots)
        std::cout << "slot " << slot.name << ": " << (slot.active ? "active" : "not active") << ", keeps "
                  << slot.retained.value_or(0) << " bytes" << (slot.wal_status == "lost" ? ", and has lost log" : "")
                  << '\n';
    if (server.receiver)
        std::cout << "receiver: " << server.receiver->state << ", " << server.receiver->sync_state << ", flushed up to "
                  << server.receiver->flushed.value_or("nowhere") << '\n';
    else std::cout << "receiver: none is connected\n";
}

void show(walmgr::log_status const& found) {
    if (found.server) show_server(*found.server, found.size);
    if (found.received) {
        std::cout << "received: ";
        if (found.received->flushed)
            std::cout << "timeline " << tli(found.received->flushed->tli) << " up to "
                      << to_string(found.received->flushed->at) << behind(found, found.received->flushed->at);
        else std::cout << "nothing yet";
        std::cout << "; " << found.received->waiting << " files wait for the repository\n";
    }
    for (auto const& one : found.repositories) {
        auto const end = end_of(one, *found.size);
        std::cout << "repository " << one.location << ": ";
        if (end) std::cout << "timeline " << tli(one.last->tli) << " up to " << to_string(*end) << behind(found, *end);
        else std::cout << "no segment yet";
        std::cout << '\n';
        for (auto const& gap : one.gaps)
            std::cout << "gap: " << gap_text(gap.where, *found.size) << ": " << apps::one_line(gap.why) << '\n';
    }
    if (auto const& pressure = found.local.pressure)
        std::cout << (pressure->holds ? "ALARM: " : "log: ") << to_string(*pressure) << '\n';
    for (auto const& one : found.local.dropped)
        std::cout << "dropped: " << one.name << ", of which the repository does not know yet: " << one.why << '\n';
    if (found.local.aside > 0) std::cout << "put aside: " << found.local.aside << " small files\n";
}

void show(agent_counts const& agent) {
    std::cout << "agent: process " << agent.process << "; " << agent.asked
              << " segments asked for by the archiver, of which " << agent.ahead << " were archived before, "
              << agent.waiting << " more known; " << agent.fetched << " asked for by recovery, of which " << agent.early
              << " were fetched before, " << agent.spooled << " more fetched\n";
}

std::string json_of(agent_counts const& agent) {
    return "{\"process\": " + std::to_string(agent.process) + ", \"archive_asked\": " + std::to_string(agent.asked) +
           ", \"archive_ahead\": " + std::to_string(agent.ahead) +
           ", \"archive_waiting\": " + std::to_string(agent.waiting) +
           ", \"fetch_asked\": " + std::to_string(agent.fetched) + ", \"fetch_ahead\": " + std::to_string(agent.early) +
           ", \"fetch_waiting\": " + std::to_string(agent.spooled) + '}';
}

std::string json_of(walmgr::server_status const& server, std::optional<walmgr::segment_size> size) {
    auto const& log = server.log;
    auto const waiting = server.pace.newest().waiting;
    std::string slots;
    for (auto const& slot : server.slots)
        slots += (slots.empty() ? "" : ", ") + ("{\"name\": " + json_string(slot.name)) +
                 ", \"active\": " + (slot.active ? "true" : "false") +
                 ", \"wal_status\": " + json_string(slot.wal_status) +
                 ", \"retained\": " + (slot.retained ? std::to_string(*slot.retained) : "null") + '}';
    auto out = "{\"timeline\": " + tli(log.tli) + ", \"flushed\": " + json_string(to_string(log.flushed)) +
               ", \"in_recovery\": " + (log.in_recovery ? "true" : "false") +
               ", \"archiver\": {\"last\": " + json_text(server.archiver.last_archived) +
               ", \"seconds_since_last\": " + json_seconds(log.seconds_since_last) +
               ", \"archived\": " + std::to_string(log.archived) + ", \"failed\": " + std::to_string(log.failed) +
               ", \"failing\": " + (server.archiver.failing ? "true" : "false") +
               ", \"last_failed\": " + json_text(server.archiver.last_failed) +
               ", \"waiting\": " + (waiting ? std::to_string(*waiting) : "null") +
               ", \"files_per_second\": " + json_seconds(server.pace.files_a_second()) +
               ", \"drain_seconds\": " + json_seconds(drain_seconds(server.pace, size)) + "}, \"slots\": [" + slots +
               "], \"receiver\": ";
    if (!server.receiver) return out + "null}";
    auto const& one = *server.receiver;
    return out + "{\"state\": " + json_string(one.state) + ", \"sync_state\": " + json_string(one.sync_state) +
           ", \"written\": " + json_text(one.written) + ", \"flushed\": " + json_text(one.flushed) +
           ", \"lag_seconds\": " + json_seconds(one.flush_seconds) + "}}";
}

std::string json_of(walmgr::local_status const& local) {
    std::string dropped;
    for (auto const& one : local.dropped)
        dropped += (dropped.empty() ? "" : ", ") + ("{\"name\": " + json_string(one.name)) +
                   ", \"why\": " + json_string(apps::one_line(one.why)) + '}';
    auto const pressure = local.pressure ? "{\"holds\": " + std::string{local.pressure->holds ? "true" : "false"} +
                                               ", \"free\": " + std::to_string(local.pressure->free_bytes) +
                                               ", \"waiting\": " + std::to_string(local.pressure->waiting) + '}'
                                         : "null";
    return "{\"pressure\": " + pressure + ", \"dropped\": [" + dropped +
           "], \"put_aside\": " + std::to_string(local.aside) + '}';
}

void show_json(walmgr::log_status const& found, std::optional<agent_counts> const& agent) {
    std::string stores;
    for (auto const& one : found.repositories) {
        auto const end = end_of(one, *found.size);
        std::string gaps;
        for (auto const& gap : one.gaps)
            gaps += (gaps.empty() ? "" : ", ") +
                    ("{\"first\": " + json_string(file_name({gap.where.tli, gap.where.first}, *found.size))) +
                    ", \"last\": " + json_string(file_name({gap.where.tli, gap.where.last}, *found.size)) +
                    ", \"why\": " + json_string(apps::one_line(gap.why)) + '}';
        stores += (stores.empty() ? "" : ", ") + ("{\"location\": " + json_string(one.location)) +
                  ", \"last\": " + (one.last ? json_string(file_name(*one.last, *found.size)) : "null") +
                  ", \"end\": " + (end ? json_string(to_string(*end)) : "null") +
                  ", \"lag_bytes\": " + json_behind(found, end) + ", \"gaps\": [" + gaps + "]}";
    }
    std::string problems;
    for (auto const& one : found.failed)
        problems += (problems.empty() ? "" : ", ") + ("{\"where\": " + json_string(one.shown)) +
                    ", \"problem\": " + json_string(apps::one_line(one.why)) + '}';
    std::string received = "null";
    if (found.received) {
        auto const& at = found.received->flushed;
        received = "{\"timeline\": " + (at ? tli(at->tli) : "null") +
                   ", \"flushed\": " + (at ? json_string(to_string(at->at)) : "null") +
                   ", \"lag_bytes\": " + json_behind(found, at ? std::optional{at->at} : std::nullopt) +
                   ", \"waiting\": " + std::to_string(found.received->waiting) + '}';
    }
    std::cout << "{\"cluster\": " << json_string(found.cluster)
              << ", \"server\": " << (found.server ? json_of(*found.server, found.size) : "null")
              << ", \"log_folder\": " << json_of(found.local) << ", \"received\": " << received
              << ", \"agent\": " << (agent ? json_of(*agent) : "null") << ", \"repositories\": [" << stores
              << "], \"problems\": [" << problems << "]}\n";
}

int status(config const& settings, bool json) {
    auto found = look(settings);
    std::optional<agent_counts> agent;
    if (!settings.agent.socket.empty()) {
        try {
            agent = ask_agent_counts(settings);
        } catch (walmgr::error const& problem) {
            found.failed.push_back({settings.agent.socket, problem.kind(), problem.what()});
        }
    }
    if (json) show_json(found, agent);
    else {
        show(found);
        if (agent) show(*agent);
    }
    for (auto const& one : found.failed)
        std::cerr << "walmgr: " << apps::one_line(one.why) << '\n';
    return status_of_look(found);
}

void add(apps::command& program, request& wanted, std::string const& name, std::string const& help) {
    auto command = program.add_command(name, help);
    auto const json = std::make_shared<bool>(false);
    command.add_flag("--json", *json, "for programs");
    command.when_given(
        [&wanted, json] { wanted.run = [&wanted, json] { return status(read_config(wanted.file), *json); }; });
}

}  // namespace
}  // namespace command_status

void add_status(apps::command& program, request& wanted) {
    using namespace command_status;
    add(program, wanted, "status", "show how far the log is at the server, received and archived");
    add(program, wanted, "lag", "the same as status");
}

}  // namespace walmgr_app
