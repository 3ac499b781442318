#include "../command.hpp"
#include "../library_log.hpp"
#include "../open_repository.hpp"

#include <common/daemon.hpp>
#include <common/log.hpp>
#include <pgq/stop.hpp>

#include <unistd.h>
#include <walmgr/receive/background_archiver.hpp>
#include <walmgr/receive/receiver.hpp>
#include <walmgr/repositories/archive.hpp>
#include <walmgr/store/stoppable.hpp>

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

namespace walmgr_app {
namespace command_receive {
namespace {

int receive(config const& settings, bool once) {
    auto const& wanted = settings.receive;
    if (wanted.partial_wals.empty())
        throw pgq::usage_error{"partial_wals is missing in the configuration, the folder to receive into"};
    pgq::signal_stop const stop;
    // A repository that keeps silent holds no stop up. What was not sealed by then never was, as behind any other end.
    pgq::late_stop const late{stop.token(), std::chrono::seconds{1}};
    std::stop_callback const leave{late.token(), [] { ::_exit(0); }};
    apps::logger lines;
    library_log const log{&lines};
    auto const where = open_repository(settings);
    auto const of = known_cluster(settings, where);
    walmgr::partial_folder folder{wanted.partial_wals};
    auto const archive = [&settings, &log, complained = std::string{}](std::string const& path, std::string const& name,
                                                                       std::stop_token const& stopping) mutable {
        // Sessions of its own: stores are for one thread.
        walmgr::repositories all{settings.walmgr_data, settings.cluster, [&](std::string const& text) {
                                     walmgr::stoppable_store const to{open_location(settings, text), stopping};
                                     return walmgr::any_store{to, text};
                                 }};
        auto const report =
            std::visit([&](auto const& way) { return walmgr::archive_file(all, way, path, name); }, settings.pack);
        walmgr::require_archived(report, settings.wal_copies, all.size());
        for (auto const& one : report.failed) {
            if (std::exchange(complained, one.shown) != one.shown) log.write(pgq::log_level::warning, one.why);
        }
    };
    walmgr::background_archiver archiver{folder, archive, log};
    walmgr::receiver receiver{
        where,
        of,
        folder,
        archiver,
        {.conninfo = [&settings] { return primary_of(settings.nodes).db; },
         .application_name = wanted.application_name,
         .once = once,
         .stream = {.slot = wanted.slot, .flush = wanted.flush, .status_interval = wanted.status_interval}},
        log};
    apps::notify_service("READY=1");
    receiver.run(stop.token());
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
