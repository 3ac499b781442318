#include "../command.hpp"
#include "../gap_facts.hpp"
#include "../open_repository.hpp"

#include <common/json.hpp>

#include <walmgr/backup/chain.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup/verify_backup.hpp>
#include <walmgr/repository.hpp>
#include <walmgr/verify.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace command_verify {
namespace {

/// What was found in a backup.
struct backup_verification {
    std::string label{};
    std::vector<walmgr::damaged_object> damaged{};
    std::string missing{};  ///< the first segment that it needs and that is not there
};

/// Reads the backups, or that of a label, each with the log that it needs.
std::vector<backup_verification> verify_backups(walmgr::any_store const& where, walmgr::cluster const& of,
                                                std::string const& label, walmgr::thread_executor on) {
    auto const all = list_backups(where, of);
    std::vector<backup_verification> found;
    auto const nobody = [](std::string const&) {};
    for (auto const& one : all.damaged) {
        if (label.empty() || label == one.label)
            found.push_back({one.label, {{one.label, walmgr::fault::corrupt, one.why}}, {}});
    }
    for (auto const& one : all.sealed) {
        if (!label.empty() && label != one.label) continue;
        backup_verification result{one.label, verify_backup([&] { return where; }, of, one, nobody, on), {}};
        if (chain_of(all.sealed, one).empty())
            result.damaged.push_back({one.label, walmgr::fault::corrupt,
                                      "it builds on " + one.parent + ", and that or what it builds on is not there"});
        walmgr::wal_arrival log{cluster_of(one, of), segments_between(one.tli, one.start, one.stop, one.size)};
        try {
            result.missing = log.missing(where).value_or("");
        } catch (walmgr::error const& failure) {
            if (failure.kind() != walmgr::fault::corrupt && failure.kind() != walmgr::fault::identity) throw;
            result.damaged.push_back({one.label, failure.kind(), failure.what()});
        }
        found.push_back(std::move(result));
    }
    return found;
}

std::string json_of(std::vector<walmgr::damaged_object> const& all) {
    std::string damaged;
    for (auto const& one : all)
        damaged += (damaged.empty() ? "" : ", ") + ("{\"object\": " + apps::json_string(one.name)) +
                   ", \"problem\": " + apps::json_string(one.why) + '}';
    return '[' + damaged + ']';
}

std::string json_of(std::vector<backup_verification> const& all) {
    std::string out;
    for (auto const& one : all)
        out += (out.empty() ? "" : ", ") + ("{\"label\": " + apps::json_string(one.label)) +
               ", \"damaged\": " + json_of(one.damaged) +
               ", \"missing\": " + (one.missing.empty() ? "null" : apps::json_string(one.missing)) + '}';
    return '[' + out + ']';
}

/// For people: what is fine on standard output, what is not on standard error. @return the status
int tell(std::vector<backup_verification> const& all, bool json) {
    int status = 0;
    for (auto const& one : all) {
        for (auto const& part : one.damaged)
            std::cerr << "walmgr: " << part.name << ": " << part.why << '\n';
        if (!one.missing.empty())
            std::cerr << "walmgr: backup " << one.label << " needs " << one.missing << ", which is missing\n";
        bool const fine = one.damaged.empty() && one.missing.empty();
        if (fine && !json) std::cout << one.label << ": whole, and so is the log that it needs\n";
        if (!one.missing.empty() && status == 0) status = static_cast<int>(walmgr::fault::gap);
        if (!one.damaged.empty()) status = static_cast<int>(walmgr::fault::corrupt);
    }
    return status;
}

/// The log of one history.
struct log_verification {
    walmgr::cluster of{};
    walmgr::verification found{};
};

/// That of the present one, and of those before it from which there are backups.
std::vector<log_verification> verify_log(walmgr::any_store const& where, walmgr::cluster const& of,
                                         walmgr::thread_executor on) {
    auto const read = [&](walmgr::cluster const& one) {
        return log_verification{one, verify_wal([&] { return where; }, one, [](std::string const&) {}, on)};
    };
    std::vector<log_verification> all{read(of)};
    auto const backups = list_backups(where, of).sealed;
    for (auto const& one : earlier_histories(where, of)) {
        bool const wanted = std::any_of(backups.begin(), backups.end(),
                                        [&](auto const& backup) { return backup.history == one.history; });
        if (wanted) all.push_back(read(one));
    }
    return all;
}

/// Members of an object for programs.
std::string json_of(log_verification const& log) {
    std::string ranges;
    for (auto const& range : log.found.ranges) {
        ranges.append(ranges.empty() ? "{" : ", {").append("\"first\": ");
        ranges.append(apps::json_string(file_name(range.first, log.of.size)));
        ranges.append(", \"last\": ").append(apps::json_string(file_name(range.last, log.of.size)));
        ranges.append(", \"segments\": ").append(std::to_string(range.count)).append("}");
    }
    auto const accepted =
        apps::json::list(log.found.accepted, [&](auto const& gap) { return apps::json{facts_of(gap, log.of.size)}; });
    return "\"ranges\": [" + ranges + "], \"other_files\": " + std::to_string(log.found.other_files) +
           ", \"damaged\": " + json_of(log.found.damaged) + ", \"gap\": " + (has_gap(log.found) ? "true" : "false") +
           ", \"accepted\": " + accepted.text();
}

/// One object for programs.
void show_json(std::string const& location, std::vector<log_verification> const& all, std::string const& backups) {
    std::string earlier;
    for (std::size_t i = 1; i < all.size(); ++i)
        earlier += (i == 1 ? "" : ", ") + ("{\"history\": " + std::to_string(all[i].of.history)) + ", " +
                   json_of(all[i]) + '}';
    std::cout << "{\"repository\": " << apps::json_string(location)
              << ", \"cluster\": " << apps::json_string(all.front().of.name) << ", " << json_of(all.front())
              << ", \"earlier\": [" << earlier << "], \"backups\": " << backups << "}\n";
}

/// For people: what is there on standard output.
void show(std::string const& location, std::vector<log_verification> const& all) {
    std::cout << location << ":\n";
    for (auto const& log : all) {
        if (&log != &all.front()) std::cout << "from before an upgrade, history " << log.of.history << ":\n";
        for (auto const& range : log.found.ranges)
            std::cout << file_name(range.first, log.of.size) << " to " << file_name(range.last, log.of.size) << ": "
                      << range.count << (range.count == 1 ? " segment\n" : " segments\n");
        auto const others = log.found.other_files;
        std::cout << others << (others == 1 ? " other file\n" : " other files\n");
    }
}

/// And what is not fine on standard error. @return the status
int tell(log_verification const& log) {
    for (auto const& one : log.found.damaged)
        std::cerr << "walmgr: " << one.name << ": " << one.why << '\n';
    for (auto const* const gaps : {&log.found.gaps, &log.found.accepted}) {
        for (auto const& gap : *gaps)
            std::cerr << "walmgr: " << (gaps == &log.found.gaps ? "gap: " : "gap that was accepted: ") << gap.count()
                      << " segments are missing, from " << file_name({gap.tli, gap.first}, log.of.size) << " to "
                      << file_name({gap.tli, gap.last}, log.of.size) << '\n';
    }
    if (!log.found.damaged.empty()) return static_cast<int>(walmgr::fault::corrupt);
    return has_gap(log.found) ? static_cast<int>(walmgr::fault::gap) : 0;
}

/// A backup, wherever it is.
int verify_label(config const& settings, std::string const& label, bool json, walmgr::thread_executor on) {
    bool found = false;
    int const status = in_each_repository(settings, [&](std::string const& location) {
        auto const where = open_location(settings, location);
        auto const backups = verify_backups(where, known_cluster(settings, where), label, on);
        if (backups.empty()) return 0;
        found = true;
        if (json)
            std::cout << "{\"repository\": " << apps::json_string(location) << ", \"backups\": " << json_of(backups)
                      << "}\n";
        return tell(backups, json);
    });
    if (!found && status == 0) throw walmgr::error{walmgr::fault::negative, "there is no backup " + label};
    return status;
}

int verify(config const& settings, std::string const& location, bool json, walmgr::thread_executor on) {
    auto const where = open_location(settings, location);
    auto const of = known_cluster(settings, where);
    auto const log = verify_log(where, of, on);
    auto const backups = verify_backups(where, of, {}, on);
    if (json) show_json(location, log, json_of(backups));
    else show(location, log);
    int status = tell(backups, json);
    for (auto const& one : log) {
        // Damage says more than a gap.
        auto const own = tell(one);
        if (status == 0 || own == static_cast<int>(walmgr::fault::corrupt)) status = own;
    }
    if (!log.front().found.damaged.empty())
        std::cerr << "walmgr: where another repository or the server has such a file whole, it is replaced by: walmgr "
                     "CONFIG gap refill --damaged\n";
    return status;
}

}  // namespace
}  // namespace command_verify

void add_verify(apps::command& program, request& wanted) {
    using namespace command_verify;
    auto command =
        program.add_command("verify", "read all that is archived and backed up, and name what is damaged or missing");
    auto const json = std::make_shared<bool>(false);
    auto const label = std::make_shared<std::string>();
    auto const jobs = std::make_shared<unsigned>(1);
    command.add_option("label", *label, "only this backup, and the log that it needs");
    command.add_option("--jobs", *jobs, "objects that are read at once; 1 unless given").between(1, 256);
    command.add_flag("--json", *json, "for programs");
    command.when_given([&wanted, label, json, jobs] {
        wanted.run = [&wanted, label, json, jobs] {
            walmgr::thread_executor const on{*jobs};
            auto const settings = read_config(wanted.file);
            if (!label->empty()) return verify_label(settings, *label, *json, on);
            return in_each_repository(
                settings, [&](std::string const& location) { return verify(settings, location, *json, on); });
        };
    });
}

}  // namespace walmgr_app
