#include "../command.hpp"
#include "../open_repository.hpp"

#include <walmgr/backup/expire.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/lease_held.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace walmgr_app {
namespace command_expire {
namespace {

/// Which part of it: the old programs had a command for each.
struct options {
    bool backups = true;
    bool log = true;
    bool dry_run = false;
};

std::string count_of(std::size_t count, std::string const& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

/// One of the repositories, and what is to become of its backups.
struct judged {
    std::string location;
    walmgr::any_store where;
    walmgr::cluster of;
    walmgr::backup_list all{};
    std::vector<walmgr::backup_verdict> verdicts{};  ///< of `all`
};

void judge(config const& settings, options const& given, judged& one) {
    auto const now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    // The log by itself goes by what is there.
    auto const rules = given.backups ? settings.backup.keep : walmgr::retention{};
    one.all = list_backups(one.where, one.of);
    one.verdicts = judge_backups(one.all, find_pins(one.where, one.of), one.of.history, rules, now);
}

void remove_old_backups(options const& given, judged const& one) {
    std::string const would = given.dry_run ? "would remove " : "removing ";
    auto const nothing = [](std::string const&) {};
    std::vector<std::string> old;
    for (auto const& verdict : one.verdicts) {
        if (!verdict.kept) old.push_back(verdict.backup->label);
        std::cout << (verdict.kept ? "kept " : would) << verdict.backup->label << ": " << verdict.why << '\n';
    }
    for (auto const& label : one.all.unfinished)
        std::cout << would << label << ": unfinished, and nobody works on it\n";
    if (given.dry_run) return;
    remove_backups(one.where, one.of, old, nothing);
    for (auto const& label : one.all.unfinished)
        remove_backup(one.where, one.of, label, nothing);
}

/// A backup may lie in one repository and its log in all of them: what counts is the oldest backup of all.
void remove_old_log(options const& given, std::vector<judged> const& all) {
    std::optional<walmgr::lsn> horizon;
    for (auto const& one : all) {
        if (!one.all.damaged.empty()) {
            std::cout << "no log is removed: the record of " << one.all.damaged.front().label
                      << " is damaged, so that nobody knows where its log begins\n";
            return;
        }
        auto const own = log_horizon(one.all, one.verdicts, one.of.history);
        if (own && (!horizon || *own < *horizon)) horizon = own;
    }
    if (!horizon) {
        std::cout << "no log is removed: there is no backup that it could begin with\n";
        return;
    }
    for (auto const& one : all) {
        auto const objects = log_before(one.where, one.of, *horizon);
        std::cout << (given.dry_run ? "would remove " : "removing ") << count_of(objects.size(), "file")
                  << " of log before " << to_string(*horizon) << (all.size() > 1 ? " in " + one.location : "") << '\n';
        for (auto const& object : objects) {
            if (!given.dry_run) one.where.remove(object);
        }
        // Of a gap in front of all backups nobody needs to hear any more, filled or not.
        for (auto const& gap : found_gaps(one.where, one.of)) {
            bool const old = (gap.last + 1) * one.of.size.bytes <= horizon->bytes;
            if (old && !given.dry_run) forget_found_gap(one.where, one.of, gap);
        }
    }
}

int expire(config const& settings, options const& given) {
    std::vector<judged> all;
    for (auto const& location : settings.walmgr_data) {
        auto const where = open_location(settings, location);
        all.push_back({.location = location, .where = where, .of = known_cluster(settings, where)});
    }
    auto const open = [&](std::string const& location) {
        return [&settings, location] { return open_location(settings, location); };
    };
    using kept_lease = walmgr::kept_lease<decltype(open(""))>;
    std::vector<std::unique_ptr<kept_lease>> leases;
    for (auto& one : all) {
        if (!given.dry_run)
            leases.push_back(std::make_unique<kept_lease>(
                take_lease(one.where, one.of, walmgr::this_host_holder("expire"), say), open(one.location)));
        judge(settings, given, one);
    }
    for (auto const& one : all) {
        if (given.backups) remove_old_backups(given, one);
    }
    if (given.log) remove_old_log(given, all);
    return 0;
}

void add(apps::command& program, request& wanted, std::string const& name, std::string const& help,
         options const& part) {
    auto command = program.add_command(name, help);
    auto const given = std::make_shared<options>(part);
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be removed, and remove nothing");
    command.when_given(
        [&wanted, given] { wanted.run = [&wanted, given] { return expire(read_config(wanted.file), *given); }; });
}

}  // namespace
}  // namespace command_expire

void add_expire(apps::command& program, request& wanted) {
    using namespace command_expire;
    add(program, wanted, "expire", "remove backups that no rule keeps, and the log that nothing needs", {});
    add(program, wanted, "xrotate", "of expire, the backups", {.log = false});
    add(program, wanted, "xpurgewals", "of expire, the log", {.backups = false});
}

}  // namespace walmgr_app
