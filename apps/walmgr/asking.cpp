#include "asking.hpp"

#include <common/status.hpp>

#include <walmgr/agent/file_id.hpp>
#include <walmgr/agent/requests.hpp>
#include <walmgr/wal_name.hpp>

#include <charconv>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <vector>

namespace walmgr_app {
namespace {

bool is_segment(std::string const& name) {
    auto const parsed = walmgr::parse_wal_name(name);
    return parsed && parsed->kind == walmgr::wal_kind::segment;
}

void note(std::string_view line) {
    std::cerr << "walmgr: " << apps::one_line(line) << '\n';
}

}  // namespace

std::string meaning_of(config const& settings) {
    auto meaning = settings.cluster + '\n' + std::to_string(settings.wal_copies.copies) + '\n' +
                   settings.stores.s3.endpoint + '\n' + settings.stores.encryption_keys;
    for (auto const& one : settings.walmgr_data)
        meaning += '\n' + one;
    return meaning;
}

bool agent_archives(config const& settings, std::string const& path, std::string const& name) {
    if (settings.agent.socket.empty() || !is_segment(name)) return false;
    auto const whole = std::filesystem::absolute(path);
    auto const id = walmgr::id_of(path);
    if (!id || whole.filename() != name) return false;
    auto const answer = walmgr::ask_agent(
        settings.agent.socket,
        walmgr::agent_request::archive(meaning_of(settings), whole.parent_path().string(), name, *id));
    for (auto const& line : answer.says)
        note(answer.done ? line : line + "; archived without it");
    return answer.done;
}

bool agent_fetches(config const& settings, std::string const& name, std::string const& path) {
    if (settings.agent.socket.empty() || settings.agent.spool.empty() || !is_segment(name)) return false;
    auto const answer = walmgr::ask_agent(
        settings.agent.socket,
        walmgr::agent_request::fetch(meaning_of(settings), name, std::filesystem::absolute(path).string()));
    auto const there = answer.done ? walmgr::id_of(path) : std::nullopt;
    return there && answer.says == std::vector{to_string(*there)};
}

agent_counts ask_agent_counts(config const& settings) {
    auto const answer = walmgr::ask_agent(settings.agent.socket, walmgr::agent_request::status());
    agent_counts counts;
    auto const read = [&](std::size_t at, auto& number) {
        if (at >= answer.says.size()) return;
        auto const& text = answer.says[at];
        std::from_chars(text.data(), text.data() + text.size(), number);
    };
    if (!answer.done) throw walmgr::error{walmgr::fault::unavailable, answer.says.front()};
    read(0, counts.process);
    read(1, counts.asked);
    read(2, counts.ahead);
    read(3, counts.waiting);
    read(4, counts.fetched);
    read(5, counts.early);
    read(6, counts.spooled);
    return counts;
}

}  // namespace walmgr_app
