#include "../agent_work.hpp"
#include "../asking.hpp"
#include "../command.hpp"
#include "../library_log.hpp"
#include "../open_repository.hpp"
#include "../settling.hpp"

#include <common/daemon.hpp>
#include <common/handed_over.hpp>
#include <common/pidfile.hpp>
#include <common/signals.hpp>
#include <common/status.hpp>
#include <common/version.hpp>

#include <sys/eventfd.h>
#include <unistd.h>
#include <walmgr/agent/archive_ahead.hpp>
#include <walmgr/agent/listener.hpp>
#include <walmgr/agent/prefetch.hpp>
#include <walmgr/agent/repository_pool.hpp>
#include <walmgr/agent/service.hpp>
#include <walmgr/store/stoppable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace walmgr_app {
namespace command_agent {
namespace {

struct options {
    bool background = false;
    bool stop = false;
    bool kill = false;
    bool reload = false;
};

/// What signals have asked for, which can be waited for together with a socket.
class orders {
public:
    orders() : wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "an event"} {
        if (!wake_.is_open()) walmgr::refuse("cannot make an event");
    }
    void give(int signal) {
        if (signal != SIGHUP) stop_ = true;
        std::uint64_t const one = 1;
        [[maybe_unused]] auto const told = ::write(wake_.descriptor(), &one, sizeof one);
    }
    /// True when somebody has given one since.
    bool taken() {
        std::uint64_t count = 0;
        return ::read(wake_.descriptor(), &count, sizeof count) == sizeof count;
    }
    [[nodiscard]] bool stop() const { return stop_; }
    [[nodiscard]] int descriptor() const { return wake_.descriptor(); }

private:
    walmgr::file wake_;
    std::atomic<bool> stop_ = false;
};

/// Where requests come in: the socket of a service manager, or one of our own.
walmgr::agent_listener listen_at(std::string const& path) {
    auto const count = apps::handed_over_sockets();
    if (count == 0) return walmgr::agent_listener{path};
    if (count > 1) throw walmgr::error{walmgr::fault::configuration, "more sockets than one were handed over"};
    return {path, walmgr::file{apps::first_handed_over, path}};
}

/// One configuration at work, until an order comes. False when none came, and nobody has asked for long.
bool serve(config const& settings, walmgr::agent_listener const& listener, orders& given, library_log log) {
    constexpr std::size_t most_at_once = 64;
    constexpr std::chrono::milliseconds long_time = std::chrono::hours{1};
    std::stop_source stop;
    walmgr::repository_pool pool{[&] {
        return walmgr::repositories{settings.walmgr_data, settings.cluster, [&](std::string const& text) {
                                        return walmgr::any_store{
                                            walmgr::stoppable_store{open_location(settings, text), stop.get_token()},
                                            text};
                                    }};
    }};
    auto const& wanted = settings.agent;
    walmgr::archive_ahead archive{storing{&settings, &pool},
                                  walmgr::ahead_limits{.workers = wanted.workers, .files = wanted.ahead}, log};
    std::optional<walmgr::spool> spool;
    std::optional<walmgr::prefetch<fetching>> fetch;
    if (!wanted.spool.empty()) {
        spool.emplace(wanted.spool, settings.cluster);
        fetch.emplace(*spool, fetching{&pool, log}, wanted.workers, wanted.spool_bytes);
    }
    std::optional<settling> dropped{std::in_place, settings, pool, log};
    walmgr::agent_service service{meaning_of(settings), archive, fetch ? &*fetch : nullptr};

    struct visit {
        std::atomic<bool> over = false;
        std::jthread thread{};
    };
    std::list<visit> visits;
    auto const now = [] { return std::chrono::steady_clock::now(); };
    auto last = now();
    bool idle = false;
    while (!idle && !given.taken()) {
        auto const rest =
            wanted.idle.count() == 0 ? long_time : std::min<std::chrono::milliseconds>(wanted.idle, long_time);
        auto link = std::make_shared<walmgr::file>(listener.accept(given.descriptor(), rest));
        visits.remove_if([](visit const& one) { return one.over.load(); });
        if (link->is_open() || !visits.empty()) last = now();
        idle = wanted.idle.count() > 0 && now() - last >= wanted.idle && dropped_log_of(settings).names().empty();
        // Whoever finds no room does his work himself.
        if (!link->is_open() || visits.size() >= most_at_once) continue;
        auto& one = visits.emplace_back();
        one.thread = std::jthread{[&service, &one, link] {
            service.serve(*link);
            one.over = true;
        }};
    }
    stop.request_stop();
    archive.stop();
    if (fetch) fetch->stop();
    dropped.reset();
    return !idle;
}

int run(config settings, options const& wanted, std::string const& file) {
    auto const fixed = settings.agent;
    if (fixed.socket.empty()) throw pgq::usage_error{file + ": agent_socket is missing, where the agent listens"};
    if (wanted.background && (fixed.pidfile.empty() || fixed.log.empty()))
        throw pgq::usage_error{file + ": -d needs agent_pidfile and agent_log"};
    apps::logger lines;
    auto targets = apps::log_targets{.console = true, .file = fixed.log};
    lines.open(targets);
    std::optional<apps::pidfile> owned;
    if (!fixed.pidfile.empty()) owned.emplace(fixed.pidfile);
    auto const listener = listen_at(fixed.socket);
    std::optional<apps::background> background;
    if (wanted.background) {
        background.emplace();
        if (owned) owned->write();
    }
    orders given;
    apps::signal_listener const signals{[&](int number) { given.give(number); }};
    lines.info("walmgr agent " + apps::version + " listens at " + fixed.socket);
    if (background) {
        lines.leave_console();
        targets.console = false;
        background->ready();
    }
    apps::notify_service("READY=1");
    for (;;) {
        if (!serve(settings, listener, given, library_log{&lines})) {
            lines.info("nobody has asked for " + std::to_string(settings.agent.idle.count()) + " seconds");
            break;
        }
        if (given.stop()) break;
        apps::notify_service("RELOADING=1");
        try {
            auto fresh = read_config(file, proved::but_connections);
            if (fresh.agent.socket != fixed.socket || fresh.agent.pidfile != fixed.pidfile)
                lines.warning("agent_socket and agent_pidfile are as they were until the agent is started anew");
            targets.file = fresh.agent.log;
            lines.open(targets);
            settings = std::move(fresh);
            lines.info("the configuration was read again");
        } catch (pgq::error const& problem) {
            lines.error(std::string{"the configuration stays as it was: "} + problem.what());
        }
        apps::notify_service("READY=1");
    }
    apps::notify_service("STOPPING=1");
    lines.info("the agent has stopped");
    return 0;
}

int agent(config settings, options const& wanted, std::string const& file) {
    if (!wanted.stop && !wanted.kill && !wanted.reload) return run(std::move(settings), wanted, file);
    if (settings.agent.pidfile.empty())
        throw pgq::usage_error{file + ": agent_pidfile is not set, so no process is known"};
    int const number = wanted.stop ? SIGINT : wanted.kill ? SIGTERM : SIGHUP;
    try {
        auto const process = apps::pidfile::send(settings.agent.pidfile, number);
        std::cout << "the agent, process " << process << ", was told\n";
    } catch (pgq::usage_error const& problem) { throw walmgr::error{walmgr::fault::negative, problem.what()}; }
    return 0;
}

}  // namespace
}  // namespace command_agent

void add_agent(apps::command& program, request& wanted) {
    using namespace command_agent;
    auto command =
        program.add_command("agent", "archive and fetch segments before the server asks, for xarchive and xrestore");
    auto const given = std::make_shared<options>();
    apps::option modes[]{
        command.add_flag("-d,--daemon", given->background, "run in the background"),
        command.add_flag("-s,--stop", given->stop, "stop the running agent: SIGINT to the process of agent_pidfile"),
        command.add_flag("-k,--kill", given->kill, "stop it by SIGTERM"),
        command.add_flag("-r,--reload", given->reload, "let it read its configuration again: SIGHUP")};
    for (auto& one : modes) {
        for (auto const& other : modes) {
            if (&one != &other) one.excludes(other);
        }
    }
    command.when_given([&wanted, given] {
        wanted.run = [&wanted, given] {
            auto const file = std::filesystem::absolute(wanted.file).string();
            return agent(read_config(file, proved::but_connections), *given, file);
        };
    });
}

}  // namespace walmgr_app
