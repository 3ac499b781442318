#include "../command.hpp"
#include "../open_repository.hpp"

#include <unistd.h>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/lease_held.hpp>
#include <walmgr/small_object.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace walmgr_app {
namespace command_pins {
namespace {

using walmgr::error;
using walmgr::fault;

/// Does `work(where, of)` in each repository, which says whether it had the label. @return whether any had
bool in_any(config const& settings, std::string const& label, auto const& work) {
    if (!walmgr::is_backup_label(label)) throw error{fault::usage, '"' + label + "\" is no label of a backup"};
    bool had = false;
    for (auto const& location : settings.walmgr_data) {
        auto const where = open_location(settings, location);
        had = work(where, known_cluster(settings, where)) || had;
    }
    return had;
}

int pin(config const& settings, std::string const& label) {
    bool const had = in_any(settings, label, [&](walmgr::any_store const& where, walmgr::cluster const& of) {
        if (!find_backup(where, of, label)) return false;
        create_small_object(where, pin_name(of, label), "kept until unpinned\n");
        // An expire that runs at the same time may have judged before.
        if (!find_backup(where, of, label)) throw error{fault::negative, "backup " + label + " was removed meanwhile"};
        return true;
    });
    if (!had) throw error{fault::negative, "there is no backup " + label};
    std::cout << label << ": pinned\n";
    return 0;
}

int unpin(config const& settings, std::string const& label) {
    bool const had = in_any(settings, label, [&](walmgr::any_store const& where, walmgr::cluster const& of) {
        return where.remove(pin_name(of, label));
    });
    if (!had) throw error{fault::negative, label + " is not pinned"};
    std::cout << label << ": not pinned any more\n";
    return 0;
}

int lock(config const& settings, ::pid_t process) {
    auto const where = open_location(settings, settings.walmgr_data.front());
    auto const of = known_cluster(settings, where);
    auto holder = walmgr::this_host_holder("xlock", process);
    holder.beats = false;
    take_lease(where, of, holder, say);
    return 0;
}

int release(config const& settings, bool force) {
    auto const where = open_location(settings, settings.walmgr_data.front());
    auto const of = known_cluster(settings, where);
    auto const found = find_leases(where, of);
    if (found.empty()) throw error{fault::negative, "nobody holds the lease of \"" + of.name + '"'};
    for (auto const& one : found) {
        if (one.holder.work != "xlock" && !force)
            throw error{fault::locked, "the lease is that of a " + to_string(one.holder) +
                                           ", which gives it back itself; --force takes it away"};
        for (auto const& object : one.objects)
            where.remove(object);
        say("released what a " + to_string(one.holder) + " held");
    }
    return 0;
}

}  // namespace
}  // namespace command_pins

void add_pins(apps::command& program, request& wanted) {
    using namespace command_pins;
    auto const label = std::make_shared<std::string>();
    auto pinning = program.add_command("pin", "keep a backup, whatever the rules say");
    pinning.add_option("label", *label, "of the backup").required();
    pinning.when_given(
        [&wanted, label] { wanted.run = [&wanted, label] { return pin(read_config(wanted.file), *label); }; });
    auto unpinning = program.add_command("unpin", "let the rules decide again");
    unpinning.add_option("label", *label, "of the backup").required();
    unpinning.when_given(
        [&wanted, label] { wanted.run = [&wanted, label] { return unpin(read_config(wanted.file), *label); }; });
}

void add_locks(apps::command& program, request& wanted) {
    using namespace command_pins;
    auto const process = std::make_shared<::pid_t>(0);
    auto locking = program.add_command("xlock", "keep backup and expire out, until xrelease");
    locking.add_option("process", *process, "for which it is, until its end; the caller unless given");
    locking.when_given([&wanted, process] {
        wanted.run = [&wanted, process] {
            return lock(read_config(wanted.file), *process != 0 ? *process : ::getppid());
        };
    });
    auto const force = std::make_shared<bool>(false);
    auto releasing = program.add_command("xrelease", "let backup and expire in again");
    releasing.add_flag("--force", *force, "whoever holds the lease");
    releasing.when_given(
        [&wanted, force] { wanted.run = [&wanted, force] { return release(read_config(wanted.file), *force); }; });
}

}  // namespace walmgr_app
