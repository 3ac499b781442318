#include "../chosen_repository.hpp"
#include "../command.hpp"
#include "../end_of_log.hpp"
#include "../open_repository.hpp"
#include "../restored_config.hpp"
#include "../restoring.hpp"
#include "../result.hpp"
#include "../room.hpp"
#include "../under_pressure.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr_app {
namespace command_restore {
namespace {

struct options {
    std::vector<std::string> words{};  ///< set and folder, both of which may be left out
    std::string time{};
    std::string position{};
    std::string transaction{};
    std::string name{};
    bool immediate = false;
    std::string timeline{"latest"};
    std::string action{};
    bool exclusive = false;
    bool delta = false;
    std::vector<std::string> tablespaces{};
    std::string log_folder{};
    std::string config{};  ///< folder for configuration files that lay outside of the data folder
    bool standby = false;
    std::string archive_mode{};  ///< off or preserve; empty: as suits what is made
    bool start = false;
    long wait = 86'400;
    unsigned jobs = usual_jobs();
    std::string repository{};
    bool dry_run = false;
};

[[noreturn]] void refuse_usage(std::string const& why) {
    throw walmgr::error{walmgr::fault::usage, why};
}

template <class T> std::optional<T> number_of(std::string_view text) {
    T value = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
    return value;
}

walmgr::recovery_target target_of(options const& given) {
    std::vector<walmgr::recovery_target> wanted;
    if (!given.time.empty()) wanted.push_back(walmgr::target_at_time(given.time));
    if (!given.position.empty()) wanted.push_back(walmgr::target_at_position(given.position));
    if (!given.transaction.empty()) wanted.push_back(walmgr::target_at_transaction(given.transaction));
    if (!given.name.empty()) wanted.push_back(walmgr::target_at_name(given.name));
    if (given.immediate) wanted.push_back({.kind = walmgr::target_kind::immediate});
    if (wanted.size() > 1) refuse_usage("a recovery has one target only");
    auto target = wanted.empty() ? walmgr::recovery_target{} : wanted.front();
    bool const exact = target.kind == walmgr::target_kind::time || target.kind == walmgr::target_kind::position ||
                       target.kind == walmgr::target_kind::transaction;
    if (given.exclusive && !exact)
        refuse_usage("--target-exclusive needs a time, a position or a transaction to end in front of");
    if (!given.action.empty() && wanted.empty()) refuse_usage("--target-action needs a target");
    if (given.standby && !wanted.empty()) refuse_usage("a standby goes on for ever and has no target");
    target.exclusive = given.exclusive;
    if (given.action == "pause") target.action = walmgr::target_action::pause;
    if (given.action == "shutdown") target.action = walmgr::target_action::shutdown;
    if (given.timeline != "latest") {
        auto const number = number_of<std::uint32_t>(given.timeline);
        if (!number) refuse_usage("--target-timeline is the number of a timeline, or latest");
        if (given.standby) refuse_usage("a standby follows the newest timeline");
        target.on = walmgr::timeline{*number};
    }
    return target;
}

/// A standby may become the primary, which archives; whatever else is restored may stand beside the primary.
bool keeps_archiving(options const& given) {
    return given.archive_mode == "preserve" || (given.archive_mode.empty() && given.standby);
}

std::map<std::uint32_t, std::string> map_of(std::vector<std::string> const& given) {
    std::map<std::uint32_t, std::string> map;
    for (auto const& one : given) {
        auto const equals = one.find('=');
        auto const oid = number_of<std::uint32_t>(std::string_view{one}.substr(0, equals));
        if (!oid || equals == one.npos || one.substr(equals + 1).empty())
            refuse_usage("--tablespace is written OID=DIR, and not \"" + one + '"');
        if (!map.emplace(*oid, one.substr(equals + 1)).second)
            refuse_usage("tablespace " + std::to_string(*oid) + " has two places");
    }
    return map;
}

/// `restore SET DST`, `restore DST` and `restore SET`, the last two told apart by their form.
std::string whole_path(std::string const& given) {
    auto path = std::filesystem::absolute(given).lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

std::string place_words(config const& settings, options const& given, std::optional<std::string>& label) {
    auto words = given.words;
    if (!words.empty() && walmgr::is_backup_label(words.front())) {
        label = words.front();
        words.erase(words.begin());
    } else if (words.size() > 1) {
        refuse_usage("\"" + words.front() + "\" is no label of a backup");
    }
    auto const folder = words.empty() ? settings.nodes.slave.data : words.front();
    if (folder.empty()) refuse_usage("to which folder? Name it, or set slave_data");
    return whole_path(folder);
}

int restore(config const& settings, options const& given) {
    auto const target = target_of(given);
    std::optional<std::string> label;
    auto folder = place_words(settings, given, label);
    if (::geteuid() == 0)
        refuse_usage("run it as the user that the server runs as, who is to own the files, and not as root");

    auto all = open_usable(settings, given.repository);
    if (label) all.go_back_to(*label);
    auto const& of = all.of;
    auto const plan = walmgr::plan_restore(all.stores, of, label, target, dropped_gaps(settings, of), all.only);
    if (all.stores.size() < settings.walmgr_data.size())
        say("a repository that cannot be asked may have what the others have not, upon which recovery ends with an "
            "error: when it is lost take it out of walmgr_data");
    if (target.kind == walmgr::target_kind::latest && !given.standby) tell_end_of_log(all, plan);
    auto const described = shown(plan, of) + all.shown(plan.repository);
    walmgr::restore_options wanted{.outside = walmgr::tablespace_folders(plan.from, map_of(given.tablespaces)),
                                   .settings = {.target = target,
                                                .on = plan.line.own,
                                                .standby = given.standby,
                                                .keep_archiving = keeps_archiving(given),
                                                .restore_command = restore_command(settings)}};
    if (!given.log_folder.empty()) wanted.outside.push_back({"pg_wal", given.log_folder});
    auto const own_folder = given.config.empty() ? std::string{} : whole_path(given.config);
    restored_config const own{settings, all.stores[plan.repository], of, plan, own_folder, given.start, folder};
    auto const programs = programs_for(settings, plan.from.version, given.start);
    walmgr::restored_cluster const restored{plan.from.label, plan.from.system_id, plan.from.version};

    auto& told = result();
    tell_plan(plan, of);
    told.set("folder", folder);
    told.has({"written_files", "written_bytes", "kept_files", "reached"});
    auto const tell_writing = [&] {
        if (!given.config.empty()) told.change("create", whole_path(given.config));
        told.change("restore", folder, {{"label", plan.from.label}});
    };
    if (given.dry_run) {
        if (std::filesystem::exists(folder))
            walmgr::check_outside_folders(wanted.outside, walmgr::target_folder{folder, restored, given.delta});
        look_for_room(plan, folder, wanted.outside);
        std::cout << "would restore " << described << ", into " << folder << '\n';
        for (auto const& one : wanted.outside)
            std::cout << one.link << " would lie in " << one.path << '\n';
        own.show();
        tell_writing();
        if (given.start) told.change("start", folder);
        return 0;
    }
    {
        walmgr::target_folder data{folder, restored, given.delta};
        look_for_room(plan, data.path(), wanted.outside);
        std::cout << "restoring " << described << ", into " << data.path() << std::endl;
        tell_writing();
        own.write();
        auto const from = [&] { return open_location(settings, all.locations[plan.repository]); };
        auto const done = walmgr::restore_backup(from, of, plan, data, wanted, walmgr::thread_executor{given.jobs});
        std::cout << "restored: " << done.written << " files with " << done.written_bytes << " bytes written, "
                  << done.kept << " were right already\n";
        told.set({{"written_files", done.written}, {"written_bytes", done.written_bytes}, {"kept_files", done.kept}});
        folder = data.path();
    }
    if (!given.start) {
        std::cout << own.advice(folder) << '\n';
        return 0;
    }
    walmgr::recovering_server const server{.programs = programs,
                                           .data = folder,
                                           .db = settings.master_db,
                                           .log = folder + "/walmgr_start.log",
                                           .settings = own.settings(folder),
                                           .limit = std::chrono::seconds{given.wait},
                                           .refusal_limit = std::chrono::seconds{10},
                                           .start_command = own.start_command()};
    told.change("start", folder);
    walmgr::start_recovery(server);
    auto const end = walmgr::await_target(server, target, given.standby);
    tell_reached(end);
    std::cout << reached(end) << '\n';
    return 0;
}

}  // namespace
}  // namespace command_restore

void add_restore(apps::command& program, request& wanted) {
    using namespace command_restore;
    auto command = program.add_command("restore", "get a data folder back, up to a moment, from a backup and the log");
    auto const given = std::make_shared<options>();
    command.add_option("set", given->words, "[SET] [DST]: label of a backup, and the data folder").takes(0, 2);
    command.add_option("--target-time", given->time, "recover to a moment, such as \"2026-01-31 12:01:02+01:00\"");
    command.add_option("--target-lsn", given->position, "recover to a position in the log");
    command.add_option("--target-xid", given->transaction, "recover to a transaction");
    command.add_option("--target-name", given->name, "recover to a restore point");
    command.add_flag("--target-immediate", given->immediate, "recover to the end of the backup");
    command.add_option("--target-timeline", given->timeline, "number of a timeline, or latest");
    command.add_option("--target-action", given->action, "promote (as without), pause or shutdown, at the target")
        .one_of({"promote", "pause", "shutdown"});
    command.add_flag("--target-exclusive", given->exclusive, "end in front of the target, not behind it");
    command.add_flag("--delta", given->delta, "replace what differs in a data folder of the same cluster");
    command.add_option("--tablespace", given->tablespaces, "OID=DIR: where a tablespace is to lie").takes_one();
    command.add_option("--waldir", given->log_folder, "where pg_wal is to lie, an empty folder");
    command.add_option("--config", given->config,
                       "DIR: below it configuration files that were not in the data folder are written; / for their "
                       "places");
    command.add_flag("--standby", given->standby, "as a standby, which goes on for ever");
    command.add_option("--archive-mode", given->archive_mode, "off, or preserve what the backup has, as for a standby")
        .one_of({"off", "preserve"});
    command.add_flag("--start", given->start, "start the server and wait until it is at its target");
    command.add_option("--wait", given->wait, "how many seconds --start waits").between(1, 31'536'000);
    command.add_option("--repository", given->repository, "with the backup: its number in walmgr_data, or location");
    command.add_option("--jobs", given->jobs, "parts that are read at once").between(1, 256);
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "prove that it can be done, and change nothing");
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return restore(read_config(wanted.file), *given); }; });
}

}  // namespace walmgr_app
