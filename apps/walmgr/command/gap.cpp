#include "../command.hpp"
#include "../damaged_log.hpp"
#include "../gap_facts.hpp"
#include "../gap_list.hpp"
#include "../log_elsewhere.hpp"
#include "../open_repository.hpp"
#include "../result.hpp"
#include "../scratch.hpp"

#include <pwd.h>
#include <unistd.h>
#include <walmgr/discarded.hpp>
#include <walmgr/host_name.hpp>
#include <walmgr/kept_timelines.hpp>
#include <walmgr/moment.hpp>
#include <walmgr/refill.hpp>
#include <walmgr/repositories/joined.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace walmgr_app {
namespace command_gap {
namespace {

using apps::json;
using walmgr::error;
using walmgr::fault;

struct options {
    bool json = false;
    bool dry_run = false;
    bool damaged = false;
    damaged_order read{};
    std::string first{};
    std::string why{};
    std::string by{};
};

/// All that is missing; refuses to judge when nobody can be asked.
walmgr::missing_log look(walmgr::repositories& all) {
    auto found = find_missing_log(all);
    if (!found.of) walmgr::refuse_all(found.failed);
    if (found.damage) found.failed.push_back({"", found.damage->kind(), found.damage->what()});
    warn_of(found.failed);
    return found;
}

int list(config const& settings, options const& given) {
    auto all = open_repositories(settings);
    auto const here = dropped_here(settings);
    for (auto const& one : here) {
        if (!given.json)
            std::cout << one.name << ": the repository does not know of it yet: " << note_line(one.why) << std::endl;
    }
    auto found = look(all);
    auto const histories = find_lacking_histories(all, found.failed);
    std::vector<walmgr::any_store> stores;
    for (std::size_t which = 0; which < all.size(); ++which)
        all.attempt(which, found.failed, [&](walmgr::repository const& in) { stores.push_back(in.where); });
    auto const discarded = discarded_end(walmgr::joined_stores{stores}, *found.of);
    if (given.json) show_json(settings, found, histories, discarded, here);
    else if (show(settings, found, histories, discarded) == 0 && here.empty()) std::cout << "no gaps\n";
    if (!found.failed.empty()) return static_cast<int>(found.failed.front().kind);
    auto const is_open = [](walmgr::known_gap const& one) { return !one.accepted; };
    bool const open = !here.empty() || std::any_of(found.everywhere.begin(), found.everywhere.end(), is_open);
    return open ? static_cast<int>(fault::gap) : 0;
}

std::string user_and_host() {
    auto const* const user = ::getpwuid(::geteuid());
    return std::string{user != nullptr ? user->pw_name : std::to_string(::geteuid()).c_str()} + '@' +
           walmgr::host_name();
}

int accept(config const& settings, options const& given) {
    auto& told = result();
    told.has({"first", "last", "segments", "accepted"});
    auto all = open_repositories(settings);
    auto const found = look(all);
    // Where one repository cannot be asked, it may have what looks as if it were missing.
    if (!found.failed.empty()) return static_cast<int>(found.failed.front().kind);
    auto const size = found.of->size;
    auto const name = walmgr::parse_wal_name(given.first);
    auto const first = name && name->kind == walmgr::wal_kind::segment ? segment_of(*name, size) : std::nullopt;
    if (!first) throw error{fault::usage, '"' + given.first + "\" is no name of a segment"};
    walmgr::known_gap const* chosen = nullptr;
    for (auto const& one : found.everywhere) {
        if (one.where.tli == first->tli && one.where.first == first->number) chosen = &one;
    }
    if (chosen == nullptr)
        throw error{fault::negative, "no gap begins with " + given.first + "; see: walmgr CONFIG gap list"};
    told.set({{"first", given.first},
              {"last", file_name({chosen->where.tli, chosen->where.last}, size)},
              {"segments", chosen->where.count()}});
    // A repository that is new, or a gap that has grown, needs it again.
    bool known = chosen->accepted.has_value();
    auto const failing = attempt_each(all, [&](walmgr::repository const& in) {
        known = known && is_accepted(accepted_gaps(in.where, in.of), chosen->where);
    });
    if (!failing.empty()) walmgr::refuse_all(failing);
    if (known) {
        told.set("accepted", note_line(*chosen->accepted));
        std::cout << shown(chosen->where, size) << ": accepted before " << note_line(*chosen->accepted) << '\n';
        return 0;
    }
    auto const note =
        "by " + note_line(given.by.empty() ? user_and_host() : given.by) + " at " +
        walmgr::to_string(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())) + ": " +
        note_line(given.why) + '\n';
    told.set("accepted", note_line(note));
    told.change("accept", given.first);
    if (!given.dry_run) {
        std::vector<walmgr::repository_failure> failed;
        for (std::size_t which = 0; which < all.size(); ++which)
            all.attempt(which, failed,
                        [&](walmgr::repository const& in) { accept_gap(in.where, in.of, chosen->where, note); });
        if (!failed.empty()) walmgr::refuse_all(failed);
    }
    std::cout << shown(chosen->where, size) << (given.dry_run ? ": would be accepted " : ": accepted ")
              << note_line(note) << ". Recovery that comes there ends as at the end of the log\n";
    return 0;
}

int fill(config const& settings, options const& given) {
    auto& object = result();
    auto all = open_repositories(settings);
    auto const here = dropped_here(settings);
    for (auto const& one : here)
        object.change("settle", one.name);
    if (!given.dry_run) {
        for (auto const& line : lines_of(settle(settings, all, std::numeric_limits<std::size_t>::max()))) {
            object.attention(line);
            std::cout << line << std::endl;
        }
    }
    auto missing = look(all);
    auto const size = missing.of->size;
    auto const histories = find_lacking_histories(all, missing.failed);
    for (auto const& one : histories)
        object.change("store", walmgr::history_name(one.tli),
                      {{"repository", settings.walmgr_data.at(one.repository)}});
    for (auto const& one : missing.in_one)
        object.change("store", file_name({one.where.tli, one.where.first}, size),
                      {{"segments", one.where.count()}, {"repository", settings.walmgr_data.at(one.repository)}});
    if (given.dry_run) {
        for (auto const& one : here)
            std::cout << one.name << ": would be stored, or recorded as missing\n";
        for (auto const& one : histories)
            std::cout << walmgr::history_name(one.tli) << ": would be copied to "
                      << settings.walmgr_data.at(one.repository) << '\n';
        for (auto const& one : missing.in_one)
            std::cout << shown(one.where, size) << ": would be copied to " << settings.walmgr_data.at(one.repository)
                      << '\n';
        for (auto const& one : missing.everywhere)
            std::cout << shown(one.where, size) << ": the server would be asked\n";
        object.set("left",
                   json::list(missing.everywhere, [&](auto const& one) { return json{facts_of(one.where, size)}; }));
        return missing.failed.empty() ? 0 : static_cast<int>(missing.failed.front().kind);
    }
    log_elsewhere others{settings, *missing.of};
    scratch const place{std::filesystem::temp_directory_path().string(), "refill"};
    auto const give = [&](walmgr::segment which, std::string const& path) {
        bool const had = others.give(which, path);
        if (had) object.change("store", file_name(which, size), {{"segments", 1}, {"repository", nullptr}});
        return had;
    };
    bool whole = true;
    for (auto const& one : histories) {
        bool const copied =
            std::visit([&](auto const& way) { return copy_history(all, one, way, place / "history", missing.failed); },
                       settings.pack);
        whole = whole && copied;
        std::cout << walmgr::history_name(one.tli) << (copied ? ": filled\n" : ": still missing\n");
    }
    auto const told = std::visit(
        [&](auto const& way) { return walmgr::refill(all, missing, way, place / "segment", give); }, settings.pack);
    warn_of(told.failed);
    auto const say = [&](std::set<walmgr::segment> const& some, std::string const& what) {
        auto const runs = walmgr::runs_of({some.begin(), some.end()});
        for (auto const& run : runs)
            std::cout << shown(run, size) << what << '\n';
        return json::list(runs, [&](auto const& run) { return json{facts_of(run, size)}; });
    };
    object.set({{"filled", say(told.filled, ": filled")}, {"left", say(told.left, ": still missing")}});
    if (told.filled.empty() && told.left.empty() && histories.empty()) std::cout << "no gaps\n";
    for (auto const* const failed : {&std::as_const(missing).failed, &told.failed}) {
        if (!failed->empty()) return static_cast<int>(failed->front().kind);
    }
    if (whole && told.left.empty() && dropped_here(settings).empty()) return 0;
    object.problem("log is still missing");
    return static_cast<int>(fault::gap);
}

int refill(config const& settings, options const& given) {
    result().has({"filled", "left", "replaced", "damaged"});
    if (!given.damaged && !given.read.file.empty())
        throw error{fault::usage, "a name goes with --damaged; what is missing is found by itself"};
    auto reading = given.read;
    reading.act = !given.dry_run;
    // First, as histories say what is missing.
    int const status = given.damaged ? replace_damaged_log(settings, reading) : 0;
    int const filled = fill(settings, given);
    return status != 0 ? status : filled;
}

}  // namespace
}  // namespace command_gap

void add_gap(apps::command& program, request& wanted) {
    using namespace command_gap;
    auto gap = program.add_command("gap", "log that is missing between other log");
    gap.needs_command();
    auto const given = std::make_shared<options>();
    auto const run = [&wanted, given](int (*what)(config const&, options const&)) {
        return [&wanted, given, what] {
            wanted.run = [&wanted, given, what] { return what(read_config(wanted.file), *given); };
        };
    };
    auto listing = gap.add_command("list", "which segments are missing, and what was said of them");
    listing.add_flag("--json", given->json, "for programs");
    listing.when_given(run(list));
    auto accepting = gap.add_command("accept", "let recovery end in front of a gap");
    accepting.add_option("first", given->first, "the first segment of the gap, as list shows it").required();
    accepting.add_option("--why", given->why, "a reason, which is recorded").required();
    accepting.add_option("--by", given->by, "who says so; user and host unless given");
    accepting.add_flag("-n,--dry-run,--not-really", given->dry_run, "only say what would be accepted");
    accepting.when_given(run(accept));
    auto filling = gap.add_command("refill", "fetch what is missing from other repositories and the server");
    filling.add_flag("-n,--dry-run,--not-really", given->dry_run, "only say what would be fetched");
    filling.add_flag("--damaged", given->damaged, "read all that is archived as well, and replace what is damaged");
    filling.add_option("name", given->read.file, "with --damaged: read this file of the log only");
    filling.add_option("--jobs", given->read.jobs, "with --damaged: objects that are read at once; 1 unless given")
        .between(1, 256);
    filling.when_given(run(refill));
}

}  // namespace walmgr_app
