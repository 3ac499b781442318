#include "../command.hpp"
#include "../open_repository.hpp"

#include <common/json.hpp>

#include <walmgr/verify.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace walmgr_app {
namespace {

/// One line for people, or one object for programs.
void show(std::string const& location, walmgr::cluster const& of, walmgr::verification const& found, bool json) {
    std::string out;
    for (auto const& range : found.ranges) {
        auto const first = file_name(range.first, of.size);
        auto const last = file_name(range.last, of.size);
        auto const count = std::to_string(range.count);
        if (!json) {
            out.append(first).append(" to ").append(last).append(": ").append(count).append(
                range.count == 1 ? " segment\n" : " segments\n");
            continue;
        }
        out.append(out.empty() ? "{" : ", {").append("\"first\": ").append(apps::json_string(first));
        out.append(", \"last\": ").append(apps::json_string(last)).append(", \"segments\": ").append(count).append("}");
    }
    if (!json) {
        std::cout << location << ":\n"
                  << out << found.other_files << (found.other_files == 1 ? " other file\n" : " other files\n");
        return;
    }
    std::string damaged;
    for (auto const& one : found.damaged)
        damaged += (damaged.empty() ? "" : ", ") + ("{\"object\": " + apps::json_string(one.name)) +
                   ", \"problem\": " + apps::json_string(one.why) + '}';
    std::cout << "{\"repository\": " << apps::json_string(location) << ", \"cluster\": " << apps::json_string(of.name)
              << ", \"ranges\": [" << out << "], \"other_files\": " << found.other_files << ", \"damaged\": ["
              << damaged << "], \"gap\": " << (has_gap(found) ? "true" : "false") << "}\n";
}

int verify(config const& settings, std::string const& location, bool json) {
    auto const where = open_location(settings, location);
    auto const of = known_cluster(settings, where);
    auto const found = walmgr::verify_wal(where, of, [](std::string const&) {});
    show(location, of, found, json);
    for (auto const& one : found.damaged)
        std::cerr << "walmgr: " << one.name << ": " << one.why << '\n';
    for (std::size_t i = 1; i < found.ranges.size(); ++i) {
        auto const& before = found.ranges[i - 1];
        auto const& behind = found.ranges[i];
        if (before.last.tli != behind.first.tli) continue;
        std::cerr << "walmgr: gap: " << behind.first.number - before.last.number - 1 << " segments are missing between "
                  << file_name(before.last, of.size) << " and " << file_name(behind.first, of.size) << '\n';
    }
    if (!found.damaged.empty()) return static_cast<int>(walmgr::fault::corrupt);
    return has_gap(found) ? static_cast<int>(walmgr::fault::gap) : 0;
}

}  // namespace

void add_verify(CLI::App& app, request& wanted) {
    auto* const command =
        app.add_subcommand("verify", "read all that is archived, and name what is damaged or missing");
    auto const json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "for programs");
    command->callback([&wanted, json] {
        wanted.run = [&wanted, json] {
            auto const settings = read_config(wanted.file);
            return in_each_repository(settings,
                                      [&](std::string const& location) { return verify(settings, location, *json); });
        };
    });
}

}  // namespace walmgr_app
