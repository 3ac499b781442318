/// What an agent answers to those who ask it.
#pragma once

#include <pgq/error.hpp>
#include <pgq/log.hpp>

#include <sys/socket.h>
#include <walmgr/agent/archive_ahead.hpp>
#include <walmgr/agent/packet.hpp>
#include <walmgr/agent/prefetch.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/wal_name.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

namespace detail {

/// Tells somebody who waits, once a second, that he is not forgotten.
class signs_of_life {
public:
    explicit signs_of_life(int to)
        : thread_{[to](std::stop_token const& stop) {
              std::mutex mutex;
              std::condition_variable_any ended;
              std::unique_lock lock{mutex};
              while (!ended.wait_for(lock, stop, std::chrono::seconds{1}, [&] { return stop.stop_requested(); }))
                  send_packet(to, {std::string{agent_says::working}});
          }} {}

private:
    std::jthread thread_;
};

}  // namespace detail

/// For any number of threads. `prefetch` may be missing. `meaning` is of the configuration that all was made by.
template <class Storing, class Fetching, pgq::log_sink Log> class agent_service {
public:
    agent_service(std::string meaning, archive_ahead<Storing, Log>& archive, prefetch<Fetching>* fetch)
        : meaning_{std::move(meaning)}, archive_{archive}, fetch_{fetch} {}

    /// Answers one who has connected.
    void serve(file const& link) {
        int const to = link.descriptor();
        detail::set_patience(to, std::chrono::seconds{2});
        auto const asked = detail::receive_packet(to);
        if (!asked) return;
        std::vector<std::string> said;
        {
            detail::signs_of_life const alive{to};
            said = answer(*asked);
        }
        detail::send_packet(to, said);
    }

    /// The answer to a request. Never throws what the work threw.
    std::vector<std::string> answer(std::vector<std::string> const& asked) {
        auto const declined = [](std::string const& why) {
            return std::vector<std::string>{std::string{agent_says::declined}, why};
        };
        try {
            if (asked.front() != agent_protocol) return declined("it is of another version; restart it");
            if (asked.size() == 2 && asked[1] == "status") return status();
            if (asked.size() < 5 || !is_segment(asked[1] == "archive" ? asked[4] : asked[3]))
                return declined("it does not understand");
            if (asked[2] != meaning_)
                return declined("it has read another configuration; let it read this one by SIGHUP");
            if (asked.size() == 6 && asked[1] == "archive") return archive(asked[3], asked[4], asked[5]);
            if (asked.size() == 5 && asked[1] == "fetch") return fetch(asked[3], asked[4]);
            return declined("it does not understand");
        } catch (error const& problem) {
            return {std::string{agent_says::failed}, std::to_string(static_cast<int>(problem.kind())), problem.what()};
        } catch (pgq::stopped const&) {
            return declined("it is being stopped");
        } catch (std::exception const& problem) { return declined(problem.what()); }
    }

private:
    static bool is_segment(std::string const& name) {
        auto const parsed = parse_wal_name(name);
        return parsed && parsed->kind == wal_kind::segment;
    }
    std::vector<std::string> archive(std::string const& folder, std::string const& name, std::string const& id) {
        auto const report = archive_.archive(folder, name, id);
        std::vector<std::string> said{std::string{agent_says::done}};
        for (auto const& one : report.failed)
            said.push_back(one.why);
        return said;
    }
    std::vector<std::string> fetch(std::string const& name, std::string const& place) {
        if (fetch_ == nullptr) return {std::string{agent_says::declined}, "it has no spool"};
        try {
            auto const id = fetch_->hand_out(name, place) ? id_of(place) : std::nullopt;
            if (id) return {std::string{agent_says::done}, to_string(*id)};
        } catch (error const& problem) { return {std::string{agent_says::declined}, problem.what()}; }
        return {std::string{agent_says::declined}, ""};
    }
    std::vector<std::string> status() const {
        auto const stored = archive_.so_far();
        auto const handed = fetch_ == nullptr ? typename prefetch<Fetching>::counts{} : fetch_->so_far();
        return {std::string{agent_says::done}, std::to_string(::getpid()),     std::to_string(stored.asked),
                std::to_string(stored.ahead),  std::to_string(stored.waiting), std::to_string(handed.asked),
                std::to_string(handed.ahead),  std::to_string(handed.waiting)};
    }

    std::string meaning_;
    archive_ahead<Storing, Log>& archive_;
    prefetch<Fetching>* fetch_;
};

}  // namespace walmgr
