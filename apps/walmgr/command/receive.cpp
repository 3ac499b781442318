#include "../command.hpp"
#include "../library_log.hpp"
#include "../open_repository.hpp"
#include "../parts.hpp"
#include "../receive_queue.hpp"

#include <common/daemon.hpp>
#include <common/log.hpp>
#include <common/signals.hpp>
#include <pgq/stop.hpp>

#include <pthread.h>
#include <unistd.h>
#include <walmgr/receive/receiver.hpp>
#include <walmgr/repositories/archive.hpp>
#include <walmgr/store/stoppable.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>

namespace walmgr_app {
namespace command_receive {
namespace {

/// A configuration, and the repository that it names, for looking.
struct opened {
    std::shared_ptr<config const> settings;
    walmgr::any_store where;
    walmgr::cluster of;
};

opened open(config settings) {
    auto kept = std::make_shared<config const>(std::move(settings));
    auto where = open_repository(*kept);
    auto of = known_cluster(*kept, where);
    return {std::move(kept), std::move(where), std::move(of)};
}

/// The configuration as it is in its file now, as far as a receiver that runs can go by it.
opened open_again(config const& first, walmgr::cluster const& of, library_log log) {
    auto fresh = read_config(first.path);
    if (fresh.receive.partial_wals != first.receive.partial_wals || fresh.cluster != first.cluster)
        log.write(pgq::log_level::warning, "partial_wals and cluster are as they were until receive is started anew");
    fresh.receive.partial_wals = first.receive.partial_wals;
    fresh.cluster = first.cluster;
    auto found = open(std::move(fresh));
    if (found.of.system_id != of.system_id || found.of.size != of.size)
        throw walmgr::error{walmgr::fault::identity, "the repository keeps another cluster under the name " + of.name};
    return found;
}

/// What ends the turn of a receiver: an order to stop, or a configuration to go on by.
class turns {
public:
    void end_all() {
        std::lock_guard const hold{mutex_};
        over_ = true;
        turn_.request_stop();
    }
    void go_on_by(opened next) {
        std::lock_guard const hold{mutex_};
        next_ = std::move(next);
        turn_.request_stop();
    }
    [[nodiscard]] std::stop_token present() {
        std::lock_guard const hold{mutex_};
        return turn_.get_token();
    }
    /// By what to go on; nothing when it is over.
    std::optional<opened> next() {
        std::lock_guard const hold{mutex_};
        if (over_ || !next_) return std::nullopt;
        turn_ = {};
        return std::exchange(next_, std::nullopt);
    }

private:
    std::mutex mutex_{};
    std::stop_source turn_{};
    std::optional<opened> next_{};
    bool over_ = false;
};

/// As if nobody listened to signals.
void end_by(int number) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
    std::raise(number);
}

int receive(config const& settings, bool once) {
    if (settings.receive.partial_wals.empty())
        throw pgq::usage_error{"partial_wals is missing in the configuration, the folder to receive into"};
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
    turns turn;
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
            std::visit([&](auto const& way) { return walmgr::archive_file(all, way, path, name); }, by.pack);
        walmgr::require_archived(report, by.wal_copies, all.size());
        for (auto const& one : report.failed) {
            if (std::exchange(complained, one.shown) != one.shown) log.write(pgq::log_level::warning, one.why);
        }
    };
    receive_queue queue{folder, now.settings, archive, log};
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
    for (std::optional<opened> next{std::move(now)}; next; next = turn.next()) {
        queue.go_by(next->settings);
        auto const& by = *next->settings;
        auto const& wanted = by.receive;
        walmgr::receiver receiver{
            next->where,
            next->of,
            folder,
            queue,
            {.conninfo = [&by] { return primary_of(by.nodes).db; },
             .application_name = wanted.application_name,
             .once = once,
             .stream = {.slot = wanted.slot, .flush = wanted.flush, .status_interval = wanted.status_interval}},
            log};
        apps::notify_service("READY=1");
        receiver.run(turn.present());
    }
    apps::notify_service("STOPPING=1");
    return 0;
}

void add(apps::command& program, request& wanted, std::string const& name, std::string const& help, bool once) {
    program.add_command(name, help).when_given([&wanted, once] {
        wanted.run = [&wanted, once] { return receive(read_config(wanted.file), once); };
    });
}

}  // namespace
}  // namespace command_receive

void add_receive(apps::command& program, request& wanted) {
    using namespace command_receive;
    add(program, wanted, "receive", "receive the log by streaming replication, until stopped", false);
    add(program, wanted, "syncdaemon", "the same as receive", false);
    add(program, wanted, "sync", "receive what the server has now, and end", true);
}

}  // namespace walmgr_app
