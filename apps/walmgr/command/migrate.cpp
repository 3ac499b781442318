#include "../command.hpp"
#include "../open_repository.hpp"
#include "../parts.hpp"
#include "../result.hpp"

#include <pgq/libpq/connection.hpp>

#include <walmgr/classic.hpp>
#include <walmgr/repository.hpp>
#include <walmgr/server.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <variant>

namespace walmgr_app {
namespace command_migrate {
namespace {

using namespace std::chrono_literals;

/// Takes the log over that an old walmgr kept. What is refused does not keep the rest out.
int take_over(config const& settings, std::string const& base, bool dry_run) {
    auto& told = result();
    told.has({"repositories", "not_taken"});
    auto const found = walmgr::read_classic(base);
    auto not_taken = found.unfinished;
    not_taken.insert(not_taken.end(), found.backups.begin(), found.backups.end());
    told.set("not_taken", apps::json::list(not_taken));
    auto const into = [&](std::string const& location) {
        auto const where = open_location(settings, location);
        auto const of = known_cluster(settings, where);
        std::size_t fresh = 0;
        std::size_t known = 0;
        int status = 0;
        for (auto const& name : found.log) {
            auto const path = found.log_folder + '/' + name;
            auto const one = status_of([&] {
                if (dry_run) {
                    walmgr::check_archivable(of, path, name);
                    ++fresh;
                } else {
                    auto const is =
                        std::visit([&](auto const& way) { return walmgr::archive_file(where, of, way, path, name); },
                                   settings.pack);
                    ++(is == walmgr::archived::now ? fresh : known);
                }
                return 0;
            });
            if (status == 0) status = one;
        }
        auto const refused = found.log.size() - fresh - known;
        if (fresh > 0) told.change("store", "log", {{"repository", location}, {"files", fresh}});
        told.add("repositories", {{"repository", location}, {"taken", fresh}, {"known", known}, {"refused", refused}});
        std::cout << location << ": " << (dry_run ? "would take " : "took ") << fresh << " files of log";
        if (!dry_run) std::cout << ", had " << known << " already";
        std::cout << ", refused " << refused << '\n';
        return status;
    };
    auto const status = in_each_repository(settings, into);
    for (auto const& name : found.unfinished)
        std::cout << "not taken, since nobody knows where it ends: logs.partial/" << name << '\n';
    for (auto const& folder : found.backups)
        std::cout << "not taken, a backup without a manifest: " << folder << "; take one by: walmgr CONFIG backup\n";
    return status;
}

/// Lets the repository know what a cluster has become by pg_upgrade.
int upgrade(config const& settings, bool sure, bool dry_run) {
    pgq::libpq::connection db{primary_of(settings.nodes).db, {.connect_timeout = 30s, .statement_timeout = 30s}};
    auto const is = walmgr::identify_cluster(db, settings.cluster);
    result().set({{"cluster", is.name},
                  {"system_id", std::to_string(is.system_id)},
                  {"version", is.version},
                  {"history", nullptr}});
    bool changes = false;
    auto const in = [&](std::string const& location) {
        auto const where = open_location(settings, location);
        auto const before = known_cluster(settings, where);
        if (before.system_id == is.system_id) {
            result().set("history", before.history);
            std::cout << location << ": known already: system id " << is.system_id << '\n';
            return 0;
        }
        changes = true;
        bool const act = sure && !dry_run;
        if (act || dry_run)
            result().change("record", is.name,
                            {{"repository", location},
                             {"before", std::to_string(before.system_id)},
                             {"after", std::to_string(is.system_id)}});
        auto const as = walmgr::record_upgrade(where, before, is, act);
        result().set("history", as.history);
        std::cout << location << (act ? ": recorded: \"" : ": would record: \"") << as.name << "\" was system id "
                  << before.system_id << " and is " << as.system_id << ", history " << as.history << '\n';
        return 0;
    };
    auto const status = in_each_repository(settings, in);
    if (status != 0 || dry_run || !changes) return status;
    if (!sure)
        throw walmgr::error{walmgr::fault::negative,
                            "nothing was recorded: if the primary is that cluster after pg_upgrade, give --yes"};
    std::cout << "older backups stay, to be restored by their labels; newer log does not bring them forward: take a "
                 "backup now\n";
    return 0;
}

}  // namespace
}  // namespace command_migrate

void add_migration(apps::command& program, request& wanted) {
    using namespace command_migrate;
    struct options {
        bool sure = false;
        bool dry_run = false;
    };
    auto const given = std::make_shared<options>();
    auto command = program.add_command("upgrade", "let the repository know what pg_upgrade has made of the cluster");
    command.add_flag("--yes", given->sure, "it is the same cluster, after pg_upgrade");
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be recorded, and record nothing");
    command.when_given([&wanted, given] {
        wanted.run = [&wanted, given] { return upgrade(read_config(wanted.file), given->sure, given->dry_run); };
    });

    struct import_options {
        std::string base{};
        bool dry_run = false;
    };
    auto const from = std::make_shared<import_options>();
    auto old = program.add_command("import", "take over the log that an old walmgr kept on the standby");
    old.add_option("folder", from->base, "the folder with logs.complete and data.master").required();
    old.add_flag("-n,--dry-run,--not-really", from->dry_run, "look at each file, and store none");
    old.when_given([&wanted, from] {
        wanted.run = [&wanted, from] { return take_over(read_config(wanted.file), from->base, from->dry_run); };
    });
}

}  // namespace walmgr_app
