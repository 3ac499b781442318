#include "../command.hpp"
#include "../open_repository.hpp"
#include "../result.hpp"

#include <walmgr/backup/expire.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/lease_held.hpp>
#include <walmgr/repository.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace walmgr_app {
namespace command_expire {
namespace {

std::string count_of(std::size_t count, std::string const& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

using judged = walmgr::judged_backups<walmgr::any_store>;

void judge(config const& settings, walmgr::expire_order const& given, judged& one) {
    auto const now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    // The log by itself goes by what is there.
    auto const rules = given.backups ? settings.backup.keep : walmgr::retention{};
    one.earlier = earlier_histories(one.where, one.of);
    one.all = list_backups(one.where, one.of);
    one.verdicts = judge_backups(one.all, find_pins(one.where, one.of), rules, now);
}

/// Says what is done, or would be.
struct teller {
    std::vector<std::string> const& locations;
    std::string would;

    void backup(std::size_t which, walmgr::backup_verdict const& verdict) const {
        auto const& label = verdict.backup->label;
        auto const& where = locations[which];
        if (verdict.kept) result().add("kept", {{"label", label}, {"why", verdict.why}, {"repository", where}});
        else result().change("remove", label, {{"why", verdict.why}, {"repository", where}});
        std::cout << (verdict.kept ? "kept " : would) << verdict.backup->label << ": " << verdict.why << '\n';
    }
    void unfinished(std::size_t which, std::string const& label) const {
        result().change("remove", label, {{"why", "unfinished"}, {"repository", locations[which]}});
        std::cout << would << label << ": unfinished, and nobody works on it\n";
    }
    void log(std::size_t which, std::size_t count, walmgr::lsn horizon) const {
        result().set("log_before", to_string(horizon));
        if (count > 0) result().change("remove", "log", {{"files", count}, {"repository", locations[which]}});
        std::cout << would << count_of(count, "file") << " of log before " << to_string(horizon)
                  << (locations.size() > 1 ? " in " + locations[which] : "") << '\n';
    }
    void earlier_log(std::size_t which, std::size_t count, walmgr::cluster const& of) const {
        auto const object = "log of history " + std::to_string(of.history);
        result().change("remove", object, {{"files", count}, {"repository", locations[which]}});
        std::cout << would << count_of(count, "file") << " of " << object << ", from before an upgrade"
                  << (locations.size() > 1 ? ", in " + locations[which] : "") << '\n';
    }
    void no_log(std::string const& why) const {
        result().set("log_kept", why);
        std::cout << "no log is removed: " << why << '\n';
    }
};

/// In those that can be used. The log stays where one of them cannot: its backups may need it.
int expire(config const& settings, walmgr::expire_order given) {
    result().set({{"kept", apps::json::written("[]")}, {"log_before", nullptr}, {"log_kept", nullptr}});
    std::vector<judged> all;
    std::vector<std::string> locations;
    int const status = in_each_repository(settings, [&](std::string const& location) {
        auto const where = open_location(settings, location);
        all.push_back({.where = where, .of = known_cluster(settings, where)});
        locations.push_back(location);
        return 0;
    });
    given.of_all = status == 0;
    auto const open = [&](std::string const& location) {
        return [&settings, location] { return open_location(settings, location); };
    };
    using kept_lease = walmgr::kept_lease<decltype(open(""))>;
    std::vector<std::unique_ptr<kept_lease>> leases;
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto& one = all[i];
        if (given.act)
            leases.push_back(std::make_unique<kept_lease>(
                take_lease(one.where, one.of, walmgr::this_host_holder("expire"), say), open(locations[i])));
        judge(settings, given, one);
    }
    if (!all.empty()) walmgr::expire(all, given, teller{locations, given.act ? "removing " : "would remove "});
    return status;
}

void add(apps::command& program, request& wanted, std::string const& name, std::string const& help,
         walmgr::expire_order const& part) {
    auto command = program.add_command(name, help);
    auto const dry_run = std::make_shared<bool>(false);
    command.add_flag("-n,--dry-run,--not-really", *dry_run, "say what would be removed, and remove nothing");
    command.when_given([&wanted, dry_run, part] {
        wanted.run = [&wanted, dry_run, part] {
            return expire(read_config(wanted.file), {part.backups, part.log, !*dry_run});
        };
    });
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
