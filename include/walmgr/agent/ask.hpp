/// Asking an agent, for whoever can do the work himself when there is none.
#pragma once

#include <sys/socket.h>
#include <walmgr/agent/packet.hpp>
#include <walmgr/error.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace walmgr {

/// What an agent has answered.
struct agent_answer {
    bool done = false;                ///< it has done all of what was asked
    std::vector<std::string> says{};  ///< when done: warnings, or what was asked for; else why not, in one line
};

/// Sends a request, and waits for the answer, as long as signs of life come. Believes nobody but a process of our own
/// user, or of root. @throws error  what the agent has failed with: to do it oneself would fail likewise
inline agent_answer ask_agent(std::string const& socket, std::vector<std::string> const& request) {
    constexpr std::chrono::seconds patience{20};
    auto const declined = [&](std::string const& why) {
        return agent_answer{false, {"the agent at " + socket + ' ' + why}};
    };
    auto const link = detail::make_socket(socket);
    int const to = link.descriptor();
    auto const address = detail::socket_address(socket);
    detail::set_patience(to, patience);
    if (!link.is_open() || ::connect(to, reinterpret_cast<::sockaddr const*>(&address), sizeof address) != 0)
        return declined("does not answer: " + std::generic_category().message(errno));
    if (!detail::is_trusted(to)) return declined("is of another user, and is not believed");
    std::vector<std::string> all{std::string{agent_protocol}};
    all.insert(all.end(), request.begin(), request.end());
    auto const gone = [&] { return declined("has ended, or is silent"); };
    if (!detail::send_packet(to, all)) return gone();
    for (;;) {
        auto came = detail::receive_packet(to);
        if (!came) return gone();
        auto const kind = came->front();
        came->erase(came->begin());
        if (kind == agent_says::working) continue;
        if (kind == agent_says::done) return {true, std::move(*came)};
        if (kind == agent_says::failed && came->size() == 2) {
            int number = 0;
            std::from_chars(came->front().data(), came->front().data() + came->front().size(), number);
            for (auto const one : {fault::usage, fault::configuration, fault::identity, fault::duplicate,
                                   fault::corrupt, fault::timed_out, fault::disk_full}) {
                if (static_cast<int>(one) == number) throw error{one, came->back()};
            }
        }
        return declined("cannot do it: " + (came->empty() ? "no reason given" : came->back()));
    }
}

}  // namespace walmgr
