#include "../command.hpp"
#include "../megabytes.hpp"
#include "../open_repository.hpp"

#include <common/json.hpp>

#include <walmgr/backup/list.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/backup/wal_arrival.hpp>
#include <walmgr/wal_ranges.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <iostream>
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
    std::set<std::string> pins{};
    std::vector<walmgr::backup_verdict> verdicts{};
};

knowledge look(config const& settings, std::string const& location) {
    auto const where = open_location(settings, location);
    knowledge all{.of = known_cluster(settings, where)};
    all.backups = list_backups(where, all.of);
    all.log = archived_ranges(where, all.of);
    all.pins = find_pins(where, all.of);
    auto const now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    all.verdicts = judge_backups(all.backups, all.pins, all.of.history, settings.backup.keep, now);
    return all;
}

walmgr::segment_range log_of(backup_record const& one) {
    return segments_between(one.tli, one.start, one.stop, one.size);
}

/// By the names in the repository.
bool has_log(knowledge const& all, backup_record const& one) {
    auto const wanted = log_of(one);
    return std::any_of(all.log.begin(), all.log.end(), [&](walmgr::wal_range const& range) {
        return range.first.tli == one.tli && range.first.number <= wanted.first.number &&
               wanted.last.number <= range.last.number;
    });
}

std::string_view log_word(knowledge const& all, backup_record const& one) {
    if (one.history != all.of.history) return "old";
    return has_log(all, one) ? "there" : "MISSING";
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

std::string members(std::initializer_list<std::pair<std::string_view, std::string>> all) {
    std::string out;
    for (auto const& [name, value] : all)
        out.append(out.empty() ? "{" : ", ").append(apps::json_string(name)).append(": ").append(value);
    return out + '}';
}
std::string truth(bool value) {
    return value ? "true" : "false";
}
std::string list(auto const& all, auto const& write) {
    std::string out;
    for (auto const& one : all)
        out.append(out.empty() ? "" : ", ").append(write(one));
    return '[' + out + ']';
}

std::string config_json(backup_record const& one) {
    if (!one.configuration) return "null";
    auto const& found = *one.configuration;
    return members({{"config_file", apps::json_string(found.places.config)},
                    {"files", std::to_string(found.part ? found.part->files : 0)},
                    {"missing", list(found.missing, [](walmgr::missing_config const& file) {
                         return members({{"path", apps::json_string(file.path)}, {"why", apps::json_string(file.why)}});
                     })}});
}

void show_json(std::string const& location, knowledge const& all) {
    auto const text = [](std::string_view value) { return apps::json_string(value); };
    auto const backups = list(all.verdicts, [&](walmgr::backup_verdict const& verdict) {
        auto const& one = *verdict.backup;
        auto const log = log_of(one);
        return members({{"label", text(one.label)},
                        {"kind", text(walmgr::detail::name_of(one.kind))},
                        {"parent", one.parent.empty() ? "null" : text(one.parent)},
                        {"version", std::to_string(one.version)},
                        {"started", text(one.started)},
                        {"stopped", text(one.stopped)},
                        {"timeline", std::to_string(static_cast<std::uint32_t>(one.tli))},
                        {"start_lsn", text(to_string(one.start))},
                        {"stop_lsn", text(to_string(one.stop))},
                        {"first_segment", text(file_name(log.first, one.size))},
                        {"last_segment", text(file_name(log.last, one.size))},
                        {"log", text(log_word(all, one))},
                        {"raw_size", std::to_string(raw_size_of(one))},
                        {"stored_size", std::to_string(stored_size_of(one))},
                        {"checksums", truth(one.checksums)},
                        {"taken_of", text(one.of_standby ? "standby" : "primary")},
                        {"tablespaces", std::to_string(one.tablespaces.size())},
                        {"annotation", text(one.annotation)},
                        {"configuration", config_json(one)},
                        {"pinned", truth(all.pins.contains(one.label))},
                        {"kept", truth(verdict.kept)},
                        {"why", text(verdict.why)}});
    });
    auto const log = list(all.log, [&](walmgr::wal_range const& range) {
        return members({{"first", text(file_name(range.first, all.of.size))},
                        {"last", text(file_name(range.last, all.of.size))},
                        {"segments", std::to_string(range.count)}});
    });
    auto const damaged = list(all.backups.damaged, [&](walmgr::damaged_backup const& one) {
        return members({{"label", text(one.label)}, {"problem", text(one.why)}});
    });
    std::cout << members({{"repository", text(location)},
                          {"cluster", text(all.of.name)},
                          {"system_id", text(std::to_string(all.of.system_id))},
                          {"history", std::to_string(all.of.history)},
                          {"segment_size", std::to_string(all.of.size.bytes)},
                          {"backups", backups},
                          {"unfinished", list(all.backups.unfinished, text)},
                          {"damaged", damaged},
                          {"ranges", log}})
              << '\n';
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
