#include "../command.hpp"
#include "../library_log.hpp"
#include "../open_repository.hpp"
#include "../parts.hpp"
#include "../receive_queue.hpp"
#include "../receive_turns.hpp"
#include "../result.hpp"

#include <common/daemon.hpp>
#include <common/log.hpp>
#include <common/signals.hpp>
#include <pgq/stop.hpp>

#include <pthread.h>
#include <unistd.h>
#include <walmgr/host_name.hpp>
#include <walmgr/receive/archive_received.hpp>
#include <walmgr/receive/receiver.hpp>
#include <walmgr/receive/sign_keeper.hpp>
#include <walmgr/repositories/archive.hpp>
#include <walmgr/store/stoppable.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>

namespace walmgr_app {
namespace command_receive {
namespace {

configured_repository open(config settings) {
    auto kept = std::make_shared<config const>(std::move(settings));
    auto where = open_repository(*kept);
    auto of = known_cluster(*kept, where);
    return {std::move(kept), std::move(where), std::move(of)};
}

void require_same(walmgr::cluster const& of, walmgr::cluster const& found) {
    if (found.system_id != of.system_id || found.size != of.size)
        throw walmgr::error{walmgr::fault::identity, "the repository keeps another cluster under the name " + of.name};
}

/// The configuration as it is in its file now, as far as a receiver that runs can go by it.
configured_repository open_again(config const& first, walmgr::cluster const& of, library_log log) {
    auto fresh = read_config(first.path);
    if (fresh.receive.partial_wals != first.receive.partial_wals || fresh.cluster != first.cluster)
        log.write(pgq::log_level::warning, "partial_wals and cluster are as they were until receive is started anew");
    fresh.receive.partial_wals = first.receive.partial_wals;
    fresh.cluster = first.cluster;
    auto found = open(std::move(fresh));
    require_same(of, found.of);
    return found;
}

/// Opens repositories of that configuration, where they keep the same cluster.
std::function<walmgr::repository(std::string const&)> opener_of(std::shared_ptr<config const> by, walmgr::cluster of) {
    return [by = std::move(by), of = std::move(of)](std::string const& location) {
        auto where = open_location(*by, location);
        auto found = known_cluster(*by, where);
        require_same(of, found);
        return walmgr::repository{std::move(where), std::move(found)};
    };
}

/// As if nobody listened to signals.
void end_by(int number) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
    std::raise(number);
}

void require_folder(config const& settings) {
    if (settings.receive.partial_wals.empty())
        throw pgq::usage_error{"partial_wals is missing in the configuration, the folder to receive into"};
}

void record_gap(config const& settings, walmgr::wal_gap const& gap) {
    auto all = open_repositories(settings);
    warn_of(in_each(all, [&](walmgr::repository const& in) { record_found_gap(in.where, in.of, gap); }));
}

int receive(config const& settings, bool once) {
    require_folder(settings);
    std::stop_source ending;
    std::atomic<bool> read_again = false;
    apps::signal_listener const signals{[&](int number) {
        if (number == SIGHUP && !once) {
            read_again = true;
            read_again.notify_one();
        } else if (number == SIGHUP || !ending.request_stop()) end_by(number);
    }};
    // A repository that keeps silent holds no stop up. What was not sealed by then never was, as behind any other end.
    pgq::late_stop const late{ending.get_token(), std::chrono::seconds{1}};
    std::stop_callback const leave{late.token(), [] { ::_exit(0); }};
    receive_turns turn;
    std::stop_callback const stop{ending.get_token(), [&turn] { turn.end_all(); }};
    apps::logger lines;
    library_log const log{&lines};
    auto now = open(settings);
    walmgr::partial_folder folder{settings.receive.partial_wals};
    auto const archive = [&log, complained = std::string{}](config const& by, std::string const& path,
                                                            std::string const& name,
                                                            std::stop_token const& stopping) mutable {
        // Sessions of its own: stores are for one thread.
        walmgr::repositories all{by.walmgr_data, by.cluster, [&](std::string const& text) {
                                     walmgr::stoppable_store const to{open_location(by, text), stopping};
                                     return walmgr::any_store{to, text};
                                 }};
        auto const report =
            std::visit([&](auto const& way) { return walmgr::archive_received(all, way, path, name); }, by.pack);
        walmgr::require_archived(report, by.wal_copies, all.size());
        for (auto const& one : report.failed) {
            if (std::exchange(complained, one.shown) != one.shown) log.write(pgq::log_level::warning, one.why);
        }
    };
    receive_queue queue{folder, now.settings, archive, log};
    walmgr::sign_keeper signs{walmgr::receiver_place{walmgr::host_name(), folder.path(), folder.receiver_id()}, log,
                              walmgr::backoff{.longest = std::chrono::seconds{20}}};
    // On a thread of its own: a repository that keeps silent holds up nothing but this.
    std::jthread const reader{[&, of = now.of](std::stop_token const& over) {
        std::stop_callback const wake{over, [&] {
                                          read_again = true;
                                          read_again.notify_one();
                                      }};
        for (;;) {
            read_again.wait(false);
            read_again = false;
            if (over.stop_requested()) return;
            apps::notify_service("RELOADING=1");
            try {
                auto fresh = open_again(settings, of, log);
                log.write(pgq::log_level::info, "the configuration was read again");
                turn.go_on_by(std::move(fresh));
            } catch (std::exception const& problem) {
                log.write(pgq::log_level::error, std::string{"the configuration stays as it was: "} + problem.what());
                apps::notify_service("READY=1");
            }
        }
    }};
    for (std::optional<configured_repository> next{std::move(now)}; next; next = turn.next()) {
        queue.go_by(next->settings);
        signs.go_by(next->settings->walmgr_data, opener_of(next->settings, next->of));
        auto const& by = *next->settings;
        auto const& wanted = by.receive;
        walmgr::receiver receiver{
            next->where,
            next->of,
            folder,
            queue,
            signs,
            {.conninfo = [&by] { return log_source_of(by.nodes).db; },
             .application_name = wanted.application_name,
             .once = once,
             .stream = {.slot = wanted.slot, .flush = wanted.flush, .status_interval = wanted.status_interval},
             .record_gap = [&by](walmgr::wal_gap const& gap) { record_gap(by, gap); }},
            log};
        apps::notify_service("READY=1");
        if (once) result().change("receive", wanted.partial_wals);
        receiver.run(turn.present());
    }
    apps::notify_service("STOPPING=1");
    return 0;
}

/// What `sync` would do: the server is asked, and neither a file is touched nor a slot made.
int foresee(config const& settings, walmgr::cluster const& of) {
    auto const& folder = settings.receive.partial_wals;
    if (::access(folder.c_str(), W_OK) != 0)
        throw walmgr::error{walmgr::fault::unavailable, "there is no folder " + folder + " that can be written to"};
    pgq::libpq::replication server{
        log_source_of(settings.nodes).db,
        {.statement_timeout = std::chrono::seconds{60}, .application_name = settings.receive.application_name}};
    auto const facts = walmgr::ask_server(server, of);
    result().change("receive", folder);
    std::cout << "would receive timeline " << std::to_string(static_cast<std::uint32_t>(facts.tli)) << " up to "
              << to_string(facts.flushed) << " into " << folder << '\n';
    return 0;
}

int sync(config const& settings, bool dry_run) {
    auto& told = result();
    auto const& folder = settings.receive.partial_wals;
    auto const tell = [&](std::string_view name) {
        auto const at = walmgr::read_flushed(folder);
        told.set(name,
                 at ? apps::json{{"timeline", static_cast<std::uint32_t>(at->tli)}, {"flushed", to_string(at->at)}}
                    : apps::json{nullptr});
    };
    require_folder(settings);
    told.set("folder", folder);
    tell("before");
    if (dry_run) {
        tell("after");
        return foresee(settings, known_cluster(settings, open_repository(settings)));
    }
    try {
        auto const status = receive(settings, true);
        tell("after");
        return status;
    } catch (...) {
        tell("after");
        throw;
    }
}

void add(apps::command& program, request& wanted, std::string const& name, std::string const& help) {
    program.add_command(name, help).when_given([&wanted] {
        wanted.run = [&wanted] { return receive(read_config(wanted.file), false); };
    });
}

}  // namespace
}  // namespace command_receive

void add_receive(apps::command& program, request& wanted) {
    using namespace command_receive;
    add(program, wanted, "receive", "receive the log by streaming replication, until stopped");
    add(program, wanted, "syncdaemon", "the same as receive");
    auto once = program.add_command("sync", "receive what the server has now, and end");
    auto const dry_run = std::make_shared<bool>(false);
    once.add_flag("-n,--dry-run,--not-really", *dry_run, "only ask the server, and receive nothing");
    once.when_given(
        [&wanted, dry_run] { wanted.run = [&wanted, dry_run] { return sync(read_config(wanted.file), *dry_run); }; });
}

}  // namespace walmgr_app
