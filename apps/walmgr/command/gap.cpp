#include "../command.hpp"
#include "../log_server.hpp"
#include "../open_repository.hpp"
#include "../scratch.hpp"
#include "../under_pressure.hpp"

#include <common/json.hpp>
#include <common/status.hpp>

#include <pwd.h>
#include <unistd.h>
#include <walmgr/host_name.hpp>
#include <walmgr/moment.hpp>
#include <walmgr/refill.hpp>

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

using walmgr::error;
using walmgr::fault;

struct options {
    bool json = false;
    bool dry_run = false;
    std::string first{};
    std::string why{};
    std::string by{};
};

std::string shown(walmgr::wal_gap const& gap, walmgr::segment_size size) {
    auto text = file_name({gap.tli, gap.first}, size);
    if (gap.count() > 1)
        text += " to " + file_name({gap.tli, gap.last}, size) + " (" + std::to_string(gap.count()) + " segments)";
    return text;
}

std::string one_line(std::string_view text) {
    return apps::one_line(text.substr(0, text.find_last_not_of('\n') + 1));
}

/// All that is missing; refuses to judge when nobody can be asked.
walmgr::missing_log look(walmgr::repositories& all) {
    auto found = find_missing_log(all);
    if (!found.of) walmgr::refuse_all(found.failed);
    warn_of(found.failed);
    return found;
}

std::string json_of(walmgr::wal_gap const& gap, walmgr::segment_size size) {
    return "{\"first\": " + apps::json_string(file_name({gap.tli, gap.first}, size)) +
           ", \"last\": " + apps::json_string(file_name({gap.tli, gap.last}, size)) +
           ", \"segments\": " + std::to_string(gap.count());
}

/// What this machine alone knows of.
std::vector<walmgr::dropped_file> dropped_here(config const& settings) {
    auto const notes = dropped_log_of(settings);
    std::vector<walmgr::dropped_file> found;
    for (auto const& name : notes.names()) {
        if (auto one = notes.find(name)) found.push_back(std::move(*one));
    }
    return found;
}

void show_json(config const& settings, walmgr::missing_log const& found,
               std::vector<walmgr::dropped_file> const& here) {
    std::string gaps;
    std::string lacked;
    for (auto const& one : found.everywhere)
        gaps += (gaps.empty() ? "" : ", ") + json_of(one.where, found.of->size) +
                ", \"recorded\": " + (one.found ? "true" : "false") +
                ", \"why\": " + (one.found ? apps::json_string(one_line(*one.found)) : "null") +
                ", \"accepted\": " + (one.accepted ? apps::json_string(one_line(*one.accepted)) : "null") + '}';
    for (auto const& one : found.in_one)
        lacked += (lacked.empty() ? "" : ", ") + json_of(one.where, found.of->size) +
                  ", \"repository\": " + apps::json_string(settings.walmgr_data.at(one.repository)) + '}';
    std::string dropped;
    for (auto const& one : here)
        dropped += (dropped.empty() ? "" : ", ") + ("{\"name\": " + apps::json_string(one.name)) +
                   ", \"why\": " + apps::json_string(one_line(one.why)) + '}';
    std::cout << "{\"cluster\": " << apps::json_string(settings.cluster) << ", \"gaps\": [" << gaps
              << "], \"lacking\": [" << lacked << "], \"dropped\": [" << dropped << "]}\n";
}

int list(config const& settings, options const& given) {
    auto all = open_repositories(settings);
    auto const here = dropped_here(settings);
    for (auto const& one : here) {
        if (!given.json)
            std::cout << one.name << ": the repository does not know of it yet: " << one_line(one.why) << std::endl;
    }
    auto const found = look(all);
    bool open = !here.empty();
    for (auto const& one : found.everywhere)
        open = open || !one.accepted;
    if (given.json) {
        show_json(settings, found, here);
    } else {
        for (auto const& one : found.everywhere)
            std::cout << shown(one.where, found.of->size) << ": "
                      << (one.accepted ? "accepted " + one_line(*one.accepted)
                          : one.found  ? "missing: " + one_line(*one.found)
                                       : std::string{"missing"})
                      << '\n';
        for (auto const& one : found.in_one)
            std::cout << shown(one.where, found.of->size) << ": missing in " << settings.walmgr_data.at(one.repository)
                      << " alone; gap refill copies it\n";
        if (found.everywhere.empty() && found.in_one.empty() && here.empty()) std::cout << "no gaps\n";
    }
    if (!found.failed.empty()) return static_cast<int>(found.failed.front().kind);
    return open ? static_cast<int>(fault::gap) : 0;
}

std::string user_and_host() {
    auto const* const user = ::getpwuid(::geteuid());
    return std::string{user != nullptr ? user->pw_name : std::to_string(::geteuid()).c_str()} + '@' +
           walmgr::host_name();
}

int accept(config const& settings, options const& given) {
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
    if (chosen->accepted) {
        std::cout << shown(chosen->where, size) << ": accepted before " << one_line(*chosen->accepted) << '\n';
        return 0;
    }
    auto const note =
        "by " + one_line(given.by.empty() ? user_and_host() : given.by) + " at " +
        walmgr::to_string(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())) + ": " +
        one_line(given.why) + '\n';
    if (!given.dry_run) {
        std::vector<walmgr::repository_failure> failed;
        for (std::size_t which = 0; which < all.size(); ++which)
            all.attempt(which, failed,
                        [&](walmgr::repository const& in) { accept_gap(in.where, in.of, chosen->where, note); });
        if (!failed.empty()) walmgr::refuse_all(failed);
    }
    std::cout << shown(chosen->where, size) << (given.dry_run ? ": would be accepted " : ": accepted ")
              << one_line(note) << ". Recovery that comes there ends as at the end of the log\n";
    return 0;
}

int refill(config const& settings, options const& given) {
    auto all = open_repositories(settings);
    if (!given.dry_run) {
        for (auto const& line : lines_of(settle(settings, all, std::numeric_limits<std::size_t>::max())))
            std::cout << line << std::endl;
    }
    auto const missing = look(all);
    auto const size = missing.of->size;
    if (given.dry_run) {
        for (auto const& one : dropped_here(settings))
            std::cout << one.name << ": would be stored, or recorded as missing\n";
        for (auto const& one : missing.in_one)
            std::cout << shown(one.where, size) << ": would be copied to " << settings.walmgr_data.at(one.repository)
                      << '\n';
        for (auto const& one : missing.everywhere)
            std::cout << shown(one.where, size) << ": the server would be asked\n";
        return missing.failed.empty() ? 0 : static_cast<int>(missing.failed.front().kind);
    }
    std::optional<log_server> server;
    if (!missing.everywhere.empty()) server.emplace(settings, *missing.of);
    scratch const place{std::filesystem::temp_directory_path().string(), "refill"};
    auto const told = std::visit(
        [&](auto const& way) {
            return walmgr::refill(
                all, missing, way, place / "segment",
                [&](walmgr::segment which, std::string const& path) { return server && server->give(which, path); });
        },
        settings.pack);
    warn_of(told.failed);
    auto const say = [&](std::set<walmgr::segment> const& some, std::string const& what) {
        for (auto const& run : walmgr::runs_of({some.begin(), some.end()}))
            std::cout << shown(run, size) << what << '\n';
    };
    say(told.filled, ": filled");
    say(told.left, ": still missing");
    if (told.filled.empty() && told.left.empty()) std::cout << "no gaps\n";
    for (auto const* const failed : {&missing.failed, &told.failed}) {
        if (!failed->empty()) return static_cast<int>(failed->front().kind);
    }
    return told.left.empty() && dropped_here(settings).empty() ? 0 : static_cast<int>(fault::gap);
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
    filling.when_given(run(refill));
}

}  // namespace walmgr_app
