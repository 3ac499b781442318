#include "../chosen_repository.hpp"
#include "../command.hpp"
#include "../open_repository.hpp"
#include "../result.hpp"

#include <unistd.h>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/lease_held.hpp>
#include <walmgr/small_object.hpp>

#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace command_pins {
namespace {

using walmgr::error;
using walmgr::fault;

/// Does `work(location, where, of)` for each repository that can be used, which says whether it had the label.
/// @return whether any had
bool in_any(config const& settings, std::string const& label, auto const& work) {
    if (!walmgr::is_backup_label(label)) throw error{fault::usage, '"' + label + "\" is no label of a backup"};
    bool had = false;
    auto const all = open_usable(settings);
    for (std::size_t which = 0; which < all.stores.size(); ++which)
        had = work(all.locations[which], all.stores[which], all.of) || had;
    return had;
}

struct options {
    std::string label{};
    ::pid_t process = 0;
    bool force = false;
    bool dry_run = false;
};

int pin(config const& settings, options const& given) {
    auto const& label = given.label;
    result().set("label", label);
    auto const work = [&](std::string const& location, walmgr::any_store const& where, walmgr::cluster const& of) {
        if (!find_backup(where, of, label)) return false;
        if (!find_pins(where, of).contains(label)) result().change("pin", label, {{"repository", location}});
        if (given.dry_run) return true;
        create_small_object(where, pin_name(of, label), "kept until unpinned\n");
        // An expire that runs at the same time may have judged before.
        if (!find_backup(where, of, label)) throw error{fault::negative, "backup " + label + " was removed meanwhile"};
        return true;
    };
    bool const had = in_any(settings, label, work);
    if (!had) throw error{fault::negative, "there is no backup " + label};
    std::cout << label << (given.dry_run ? ": would be pinned\n" : ": pinned\n");
    return 0;
}

int unpin(config const& settings, options const& given) {
    auto const& label = given.label;
    result().set("label", label);
    auto const work = [&](std::string const& location, walmgr::any_store const& where, walmgr::cluster const& of) {
        if (!find_pins(where, of).contains(label)) return false;
        result().change("unpin", label, {{"repository", location}});
        return given.dry_run || where.remove(pin_name(of, label));
    };
    bool const had = in_any(settings, label, work);
    if (!had) throw error{fault::negative, label + " is not pinned"};
    std::cout << label << (given.dry_run ? ": would not be pinned any more\n" : ": not pinned any more\n");
    return 0;
}

/// Each repository has a lease of its own, and a backup or an expire may be of any of them.
std::vector<walmgr::repository> clusters_of(config const& settings) {
    std::vector<walmgr::repository> all;
    for (auto const& location : settings.walmgr_data) {
        auto where = open_location(settings, location);
        auto of = known_cluster(settings, where);
        all.push_back({std::move(where), std::move(of)});
    }
    return all;
}

int lock(config const& settings, options const& given) {
    auto holder = walmgr::this_host_holder("xlock", given.process != 0 ? given.process : ::getppid());
    holder.beats = false;
    auto const tell = [&] { result().change("take", "lease", {{"holder", to_string(holder)}}); };
    auto const all = clusters_of(settings);
    for (auto const& [where, of] : all)
        require_free_lease(where, of, holder);
    if (given.dry_run) {
        tell();
        say("would take the lease for a " + to_string(holder));
        return 0;
    }
    for (auto const& [where, of] : all)
        take_lease(where, of, holder, say);
    tell();
    return 0;
}

int release(config const& settings, options const& given) {
    bool any = false;
    auto const all = open_usable(settings);
    for (auto const& where : all.stores) {
        for (auto const& one : find_leases(where, all.of)) {
            if (one.holder.work != "xlock" && !given.force)
                throw error{fault::locked, "the lease is that of a " + to_string(one.holder) +
                                               ", which gives it back itself; --force takes it away"};
            result().change("release", "lease", {{"holder", to_string(one.holder)}});
            if (!given.dry_run) {
                for (auto const& object : one.objects)
                    where.remove(object);
            }
            any = true;
            say((given.dry_run ? "would release" : "released") + std::string{" what a "} + to_string(one.holder) +
                " held");
        }
    }
    if (!any) throw error{fault::negative, "nobody holds the lease of \"" + all.of.name + '"'};
    return 0;
}

void add_run(apps::command& command, request& wanted, std::shared_ptr<options> const& given,
             int (*run)(config const&, options const&)) {
    command.add_flag("-n,--dry-run,--not-really", given->dry_run, "say what would be done, and do nothing");
    command.when_given([&wanted, given, run] {
        wanted.run = [&wanted, given, run] { return run(read_config(wanted.file), *given); };
    });
}

}  // namespace
}  // namespace command_pins

void add_pins(apps::command& program, request& wanted) {
    using namespace command_pins;
    auto const given = std::make_shared<options>();
    auto pinning = program.add_command("pin", "keep a backup, whatever the rules say");
    pinning.add_option("label", given->label, "of the backup").required();
    add_run(pinning, wanted, given, pin);
    auto unpinning = program.add_command("unpin", "let the rules decide again");
    unpinning.add_option("label", given->label, "of the backup").required();
    add_run(unpinning, wanted, given, unpin);
}

void add_locks(apps::command& program, request& wanted) {
    using namespace command_pins;
    auto const given = std::make_shared<options>();
    auto locking = program.add_command("xlock", "keep backup and expire out, until xrelease");
    locking.add_option("process", given->process, "for which it is, until its end; the caller unless given");
    add_run(locking, wanted, given, lock);
    auto releasing = program.add_command("xrelease", "let backup and expire in again");
    releasing.add_flag("--force", given->force, "whoever holds the lease");
    add_run(releasing, wanted, given, release);
}

}  // namespace walmgr_app
