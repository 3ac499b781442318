#include "../awaited_log.hpp"
#include "../backed_up_server.hpp"
#include "../backup_facts.hpp"
#include "../begun_backup.hpp"
#include "../chosen_repository.hpp"
#include "../command.hpp"
#include "../megabytes.hpp"
#include "../meter.hpp"
#include "../open_repository.hpp"
#include "../outside_config.hpp"
#include "../parent_backup.hpp"
#include "../room.hpp"

#include <common/signals.hpp>
#include <pgq/libpq/connection.hpp>

#include <walmgr/backup/begun.hpp>
#include <walmgr/backup/by_files.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup/stream.hpp>
#include <walmgr/lease_held.hpp>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

namespace walmgr_app {
namespace command_backup {
namespace {

using namespace std::chrono_literals;
using walmgr::error;
using walmgr::fault;

/// A spread checkpoint and a server under load are silent for as long as this at most.
constexpr auto longest_silence = 1h;

struct options {
    std::string checkpoint = "fast";
    std::string annotation{};
    bool progress = false;
    bool dry_run = false;
    bool incremental = false;
    std::string parent{};
    bool resume = false;
    std::string repository{};

    [[nodiscard]] walmgr::backup_kind kind() const {
        return incremental ? walmgr::backup_kind::incremental : walmgr::backup_kind::full;
    }
};

/// Whether a repository has a folder of that label. One that is lost has no say.
bool has_label(config const& settings, std::string const& location, walmgr::cluster const& of,
               std::string const& label) {
    try {
        return !open_location(settings, location).list(walmgr::backup_folder(of, label)).empty();
    } catch (walmgr::error const&) { return false; }
}

/// A label that no folder has yet, in any of the repositories: by that a backup is found wherever it is.
std::string new_label(config const& settings, walmgr::any_store const& where, walmgr::cluster const& of,
                      walmgr::backup_kind kind, std::stop_token const& stop) {
    for (;; rest(100ms, stop)) {
        auto label = walmgr::backup_label(std::time(nullptr), kind);
        bool taken = !where.list(walmgr::backup_folder(of, label)).empty();
        for (auto const& location : settings.walmgr_data)
            taken = taken || (settings.walmgr_data.size() > 1 && has_label(settings, location, of, label));
        if (!taken) return label;
    }
}

/// Lets `take(method)` take the backup by the method of the configuration.
walmgr::backup_record copy_files(config const& settings, backed_up_server& server, walmgr::cluster const& of,
                                 std::stop_token const& stop, auto&& take) {
    pgq::libpq::options const wanted{.stop = stop,
                                     .connect_timeout = 30s,
                                     .statement_timeout = longest_silence,
                                     .application_name = "walmgr backup"};
    try {
        if (settings.backup.from == backup_origin::stream) {
            pgq::libpq::base_backup session{server.node().db, wanted};
            return take(walmgr::streamed_backup{session});
        }
        pgq::libpq::connection session{server.node().db, wanted};
        auto local = walmgr::find_local_server(session, server.node().data, of.system_id);
        walmgr::backup_by_files method{session, std::move(local), server.source(), of.system_id, stop};
        auto taken = take(method);
        for (auto const& path : method.skipped())
            say(path + " is neither a file nor a folder, and is not in the backup's data folder");
        return taken;
    } catch (pgq::sql_error const& problem) {
        server.explain(problem);
        throw;
    }
}

/// Everything between the lease and the seal. `open` gives the repository, for each thread its own.
walmgr::backup_record take(config const& settings, options const& given, backed_up_server& server,
                           walmgr::cluster const& of, auto const& open, auto const& lease,
                           std::stop_token const& stop) {
    auto const where = open();
    walmgr::backup_order order{.fast = given.checkpoint == "fast",
                               .max_rate = settings.backup.max_rate,
                               .annotation = given.annotation,
                               .limits = {.workers = settings.backup.workers},
                               .find_config = config_finder(settings, server.node(), stop)};
    walmgr::lsn since{};
    if (given.incremental) {
        // Under the lease: what expire() has kept it keeps.
        auto const parent = find_parent(settings, given.parent, where, of, server.source());
        order.parent = parent.label;
        order.parent_manifest = manifest_text(where, of, parent);
        order.whole_files = holds_whole_files(settings, server.source());
        since = order.whole_files ? parent.start : parent.stop;
    }
    server.begin_behind(since, of, where);
    auto const begun = given.resume ? find_begun_backup(where, of, given.kind()) : std::nullopt;
    order.label = begun ? begun->label() : new_label(settings, where, of, given.kind(), stop);
    result().set("resumed", begun.has_value());
    if (begun) {
        say("going on with " + describe(*begun));
        remove_all_but(where, walmgr::backup_folder(of, order.label), begun->parts());
        order.begun = &*begun;
    }
    return std::visit(
        [&](auto const& way) {
            auto taken = copy_files(settings, server, of, stop, [&](auto&& method) {
                return take_backup(method, open, way, of, server.source(), order, meter{given.progress});
            });
            server.check_role();
            if (taken.start < since)
                throw error{fault::unavailable, "the backup begins at " + to_string(taken.start) + ", in front of " +
                                                    order.parent + ", on which it was to build; it is not sealed"};
            await_log(settings, where, of, taken, server, given.progress, stop);
            seal_backup(where, of, way, taken, lease);
            remove_unnamed(where, of, taken);
            return taken;
        },
        settings.pack);
}

void only_check(config const& settings, options const& given, backed_up_server const& server, walmgr::cluster const& of,
                walmgr::any_store const& where) {
    if (given.incremental)
        std::cout << "would build on " << find_parent(settings, given.parent, where, of, server.source()).label << '\n';
    auto const begun = given.resume ? find_begun_backup(where, of, given.kind()) : std::nullopt;
    result().set("resumed", begun.has_value());
    if (begun) std::cout << "would go on with " << describe(*begun) << '\n';
    std::cout << "would take a backup of \"" << of.name << "\", version " << server.source().version << ", system id "
              << of.system_id << server.shown() << (settings.walmgr_data.size() > 1 ? ", into " + where.shown() : "")
              << '\n';
}

/// Takes one into the repository of that location.
int backup_into(config const& settings, options const& given, std::string const& location,
                std::stop_token const& stop) {
    bool const by_files = settings.backup.from == backup_origin::files;
    auto const open = [&] { return open_location(settings, location); };
    auto const where = open();
    auto const of = known_cluster(settings, where);
    backed_up_server server{settings, stop};
    server.check(of, where);
    if (by_files) walmgr::find_local_server(server.session(), server.node().data, of.system_id);
    if (given.incremental) find_parent(settings, given.parent, where, of, server.source());
    // What an earlier attempt has stored need not be stored again.
    else if (!given.resume || !find_begun_backup(where, of, given.kind()))
        look_for_room(settings, server, location, where, of);
    result().change("store", "backup", {{"repository", location}});
    if (given.dry_run) {
        only_check(settings, given, server, of, where);
        return 0;
    }
    walmgr::kept_lease const lease{take_lease(where, of, walmgr::this_host_holder("backup"), say), open};
    try {
        auto const taken = take(settings, given, server, of, open, lease, stop);
        tell_backup(&taken, location);
        std::cout << taken.label << ": " << megabytes(raw_size_of(taken)) << ", stored as "
                  << megabytes(stored_size_of(taken)) << (taken.parent.empty() ? "" : ", builds on " + taken.parent)
                  << server.shown() << "; log from " << to_string(taken.start) << " to " << to_string(taken.stop)
                  << " of timeline " << static_cast<std::uint32_t>(taken.tli) << " is in the repository"
                  << (settings.walmgr_data.size() > 1 ? ' ' + where.shown() : "") << std::endl;
        return 0;
    } catch (pgq::stopped const&) {
        throw error{fault::negative,
                    std::string{"stopped before the backup was whole; it is not sealed, and expire removes it"} +
                        (by_files ? "; --resume goes on with it" : "")};
    }
}

int backup(config const& settings, options const& given) {
    if (!given.parent.empty() && !given.incremental) throw error{fault::usage, "--parent needs --incremental"};
    if (given.resume && settings.backup.from != backup_origin::files)
        throw error{fault::usage, "--resume needs backup_source = files: a server that streams sends all files again"};
    auto places = settings.backup.into;
    if (!given.repository.empty())
        places = {settings.walmgr_data[repository_place(settings.walmgr_data, given.repository)]};
    std::stop_source stop;
    apps::signal_listener const signals{[&](int) { stop.request_stop(); }};
    tell_backup(nullptr, places.front());  // of several the facts are those of the last one that was taken
    int status = 0;
    for (auto const& location : places) {
        auto const one = [&] { return backup_into(settings, given, location, stop.get_token()); };
        if (places.size() == 1) return one();
        // The loss of one repository is no reason to have no backup in the others.
        auto const its = status_of(one);
        if (its != 0) say("that was the repository " + location);
        if (status == 0) status = its;
        if (stop.stop_requested()) break;
    }
    return status;
}

}  // namespace
}  // namespace command_backup

void add_backup(apps::command& program, request& wanted) {
    using namespace command_backup;
    auto command = program.add_command("backup", "take a base backup");
    auto const given = std::make_shared<options>();
    command.add_option("--checkpoint", given->checkpoint, "fast, or spread to spare the server")
        .one_of({"fast", "spread"});
    command.add_option("--annotation", given->annotation, "a text to be kept with it");
    command.add_flag("--incremental", given->incremental, "only what changed since another backup");
    command.add_option("--parent", given->parent, "for --incremental: that backup; the newest unless given");
    command.add_flag("--resume", given->resume, "go on with an unfinished one, by backup_source = files");
    command.add_option("--repository", given->repository, "into that one: its number in walmgr_data, or its location");
    command.add_flag("--progress", given->progress, "say each second how far it is");
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "only check whether it could be taken");
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return backup(read_config(wanted.file), *given); }; });
}

}  // namespace walmgr_app
