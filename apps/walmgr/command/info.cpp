#include "../backup_facts.hpp"
#include "../command.hpp"
#include "../megabytes.hpp"
#include "../open_repository.hpp"

#include <walmgr/backup/list.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/backup/wal_arrival.hpp>
#include <walmgr/wal_ranges.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace command_info {
namespace {

using walmgr::backup_record;

/// All that there is to say.
struct knowledge {
    walmgr::cluster of{};
    walmgr::backup_list backups{};
    std::vector<walmgr::wal_range> log{};
    std::map<int, std::vector<walmgr::wal_range>> earlier_log{};  ///< by history, of those from which there are backups
    std::set<std::string> pins{};
    std::vector<walmgr::backup_verdict> verdicts{};
};

knowledge look(config const& settings, std::string const& location) {
    auto const where = open_location(settings, location);
    knowledge all{.of = known_cluster(settings, where)};
    all.backups = list_backups(where, all.of);
    all.log = archived_ranges(where, all.of);
    for (auto const& one : all.backups.sealed)
        if (one.history != all.of.history && !all.earlier_log.contains(one.history))
            all.earlier_log.emplace(one.history, archived_ranges(where, cluster_of(one, all.of)));
    all.pins = find_pins(where, all.of);
    auto const now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    all.verdicts = judge_backups(all.backups, all.pins, settings.backup.keep, now);
    return all;
}

walmgr::segment_range log_of(backup_record const& one) {
    return segments_between(one.tli, one.start, one.stop, one.size);
}

/// By the names in the repository.
bool has_log(knowledge const& all, backup_record const& one) {
    auto const wanted = log_of(one);
    auto const& log = one.history == all.of.history ? all.log : all.earlier_log.at(one.history);
    return std::any_of(log.begin(), log.end(), [&](walmgr::wal_range const& range) {
        return range.first.tli == one.tli && range.first.number <= wanted.first.number &&
               wanted.last.number <= range.last.number;
    });
}

std::string_view log_word(knowledge const& all, backup_record const& one) {
    if (!has_log(all, one)) return "MISSING";
    return one.history == all.of.history ? "there" : "old";
}

/// Of the configuration files that were not in the data folder.
std::string_view config_word(backup_record const& one) {
    return !one.configuration ? "" : one.configuration->missing.empty() ? "kept" : "MISSING";
}

/// Rows of equal length, as people like to read them.
void print_table(std::vector<std::vector<std::string>> const& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (auto const& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    for (auto const& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
    }
}

void show_table(knowledge const& all) {
    std::vector<std::vector<std::string>> rows{{"label", "kind", "builds on", "stopped", "size", "stored", "timeline",
                                                "first segment", "last segment", "log", "config", "pinned"}};
    for (auto const& one : all.backups.sealed) {
        auto const log = log_of(one);
        rows.push_back({one.label, std::string{walmgr::detail::name_of(one.kind)}, one.parent, one.stopped,
                        megabytes(raw_size_of(one)), megabytes(stored_size_of(one)),
                        std::to_string(static_cast<std::uint32_t>(one.tli)), file_name(log.first, one.size),
                        file_name(log.last, one.size), std::string{log_word(all, one)}, std::string{config_word(one)},
                        all.pins.contains(one.label) ? "yes" : ""});
    }
    if (rows.size() == 1) std::cout << "no backups\n";
    else print_table(rows);
    for (auto const& label : all.backups.unfinished)
        std::cout << label << ": unfinished, no backup\n";
    for (auto const& one : all.backups.damaged)
        std::cout << one.label << ": damaged: " << one.why << '\n';
}

void show_json(std::string const& location, knowledge const& all) {
    using apps::json;
    auto const backups = json::list(all.verdicts, [&](walmgr::backup_verdict const& verdict) {
        auto const& one = *verdict.backup;
        auto facts = facts_of(one);
        facts.emplace_back("log", log_word(all, one));
        facts.emplace_back("pinned", all.pins.contains(one.label));
        facts.emplace_back("kept", verdict.kept);
        facts.emplace_back("why", verdict.why);
        return json{facts};
    });
    auto const log = json::list(all.log, [&](walmgr::wal_range const& range) {
        return json{{"first", file_name(range.first, all.of.size)},
                    {"last", file_name(range.last, all.of.size)},
                    {"segments", range.count}};
    });
    auto const damaged = json::list(all.backups.damaged, [](walmgr::damaged_backup const& one) {
        return json{{"label", one.label}, {"problem", one.why}};
    });
    json const shown{{"repository", location},
                     {"cluster", all.of.name},
                     {"system_id", std::to_string(all.of.system_id)},
                     {"history", all.of.history},
                     {"segment_size", all.of.size.bytes},
                     {"backups", backups},
                     {"unfinished", json::list(all.backups.unfinished)},
                     {"damaged", damaged},
                     {"ranges", log}};
    std::cout << shown.text() << '\n';
}

}  // namespace
}  // namespace command_info

void add_info(apps::command& program, request& wanted) {
    using namespace command_info;
    auto const json = std::make_shared<bool>(false);
    auto const run = [&wanted, json] {
        wanted.run = [&wanted, json] {
            auto const settings = read_config(wanted.file);
            return in_each_repository(settings, [&](std::string const& location) {
                auto const all = look(settings, location);
                if (!*json && settings.walmgr_data.size() > 1) std::cout << location << ":\n";
                *json ? show_json(location, all) : show_table(all);
                return all.backups.damaged.empty() ? 0 : static_cast<int>(walmgr::fault::corrupt);
            });
        };
    };
    auto info = program.add_command("info", "which backups there are");
    info.add_flag("--json", *json, "for programs");
    info.when_given(run);
    program.add_command("listbackups", "the same as a table").when_given(run);
}

}  // namespace walmgr_app
