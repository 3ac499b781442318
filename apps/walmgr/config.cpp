#include "config.hpp"

#include "chosen_repository.hpp"
#include "command.hpp"
#include "old_keys.hpp"

#include <pgq/ini.hpp>

#include <walmgr/location.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace {

std::string_view fallback(std::string_view name) {
    return apps::fallback(keys, name);
}

int level(pgq::ini_section const& section, int usual, int least, int most) {
    if (section.text("wal_compression_level", "").empty()) return usual;
    return static_cast<int>(section.number("wal_compression_level", usual, least, most));
}

std::int64_t number(pgq::ini_section const& section, std::string_view name, std::int64_t least, std::int64_t most) {
    std::int64_t usual = 0;
    auto const text = fallback(name);
    std::from_chars(text.data(), text.data() + text.size(), usual);
    return section.number(name, usual, least, most);
}

backup_keys read_backup(pgq::ini_section const& section) {
    constexpr std::int64_t slowest = 32;
    constexpr std::int64_t fastest = 1 << 20;
    constexpr std::int64_t most_kept = 100'000;
    constexpr std::int64_t week = 7 * 24 * 3600;
    auto const from = section.text("backup_source", fallback("backup_source"));
    if (from != "stream" && from != "files")
        section.refuse("backup_source", "is neither stream nor files: \"" + from + '"');
    auto const of = section.text("backup_from", fallback("backup_from"));
    if (of != "primary" && of != "standby" && of != "prefer-standby")
        section.refuse("backup_from", "is neither primary, standby nor prefer-standby: \"" + of + '"');
    auto const rate = number(section, "backup_max_rate", 0, fastest);
    if (rate != 0 && rate < slowest) section.refuse("backup_max_rate", "is neither 0 nor from 32 to 1048576");
    return {.from = from == "files" ? backup_origin::files : backup_origin::stream,
            .of = of == "standby"   ? backup_of::standby
                  : of == "primary" ? backup_of::primary
                                    : backup_of::prefer_standby,
            .max_rate = static_cast<std::uint64_t>(rate),
            .wal_timeout = std::chrono::seconds{number(section, "backup_wal_timeout", 1, week)},
            .workers = static_cast<unsigned>(number(section, "backup_workers", 1, 64)),
            .keep = {.count = static_cast<unsigned>(number(section, "keep_backups", 0, most_kept)),
                     .days = static_cast<unsigned>(number(section, "keep_days", 0, most_kept)),
                     .minimum = static_cast<unsigned>(number(section, "keep_minimum", 1, most_kept))}};
}

agent_keys read_agent(pgq::ini_section const& section) {
    constexpr std::int64_t most_workers = 64;
    constexpr std::int64_t most_ahead = 100'000;
    agent_keys read;
    for (auto const& [key, value] : {std::pair{"agent_socket", &read.socket}, std::pair{"agent_spool", &read.spool},
                                     std::pair{"agent_pidfile", &read.pidfile}, std::pair{"agent_log", &read.log}}) {
        *value = section.path(key);
        if (!value->empty() && value->front() != '/') section.refuse(key, "must begin with a slash");
        if (value == &read.socket && value->size() > 107) section.refuse(key, "has more than 107 bytes");
    }
    read.workers = static_cast<unsigned>(number(section, "agent_workers", 1, most_workers));
    read.ahead = static_cast<std::size_t>(number(section, "agent_ahead", 1, most_ahead));
    read.idle = std::chrono::seconds{number(section, "agent_idle", 0, std::int64_t{1} << 30)};
    read.spool_bytes = static_cast<std::uint64_t>(number(section, "agent_spool_bytes", 1, std::int64_t{1} << 50));
    return read;
}

walmgr::pressure_rule read_pressure(pgq::ini_section const& section) {
    using walmgr::on_pressure;
    constexpr std::int64_t most_patience = 3600;
    constexpr std::int64_t most_files = 1'000'000'000;
    auto const word = section.text("on_pressure", fallback("on_pressure"));
    if (word != "block" && word != "alarm" && word != "drop")
        section.refuse("on_pressure", "is neither block, alarm nor drop: \"" + word + '"');
    walmgr::pressure_rule const read{
        .action = word == "drop"    ? on_pressure::drop
                  : word == "alarm" ? on_pressure::alarm
                                    : on_pressure::block,
        .free_bytes = static_cast<std::uint64_t>(number(section, "pressure_free_bytes", 0, std::int64_t{1} << 60)),
        .backlog = static_cast<std::size_t>(number(section, "pressure_backlog", 0, most_files)),
        .patience = std::chrono::seconds{number(section, "pressure_patience", 1, most_patience)}};
    bool const limited = read.free_bytes > 0 || read.backlog > 0;
    if (limited && read.action == on_pressure::block)
        section.refuse("on_pressure", "must be alarm or drop where pressure_free_bytes or pressure_backlog is given");
    if (!limited && read.action != on_pressure::block)
        section.refuse("on_pressure", "needs pressure_free_bytes or pressure_backlog: from where on it holds");
    return read;
}

any_codec read_codec(pgq::ini_section const& section) {
    auto const kind = section.text("wal_compression", fallback("wal_compression"));
    if (kind == "zstd") return walmgr::zstd{level(section, walmgr::zstd{}.level, 1, 19)};
    if (kind == "lz4") return walmgr::lz4{level(section, walmgr::lz4{}.level, 0, 12)};
    if (kind != "none") section.refuse("wal_compression", "is neither none, lz4 nor zstd: \"" + kind + '"');
    if (!section.text("wal_compression_level", "").empty())
        section.refuse("wal_compression_level", "has no meaning without compression");
    return walmgr::stored{};
}

/// What stands between commas, without blanks around it.
std::vector<std::string_view> split_list(std::string_view rest) {
    std::vector<std::string_view> found;
    std::string_view const blank = " \t\r\n";
    while (rest.find_first_not_of(blank) != rest.npos) {
        auto const end = std::min(rest.find(','), rest.size());
        auto one = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        one.remove_prefix(std::min(one.find_first_not_of(blank), one.size()));
        found.push_back(one.substr(0, one.find_last_not_of(blank) + 1));
    }
    return found;
}

std::vector<std::string> read_locations(pgq::ini_section const& section, std::string const& value) {
    std::vector<std::string> locations;
    for (auto const one : split_list(value)) {
        try {
            walmgr::parse_location(one);
        } catch (walmgr::error const& problem) {
            section.refuse("walmgr_data", std::string{"is wrong: "} + problem.what());
        }
        if (std::find(locations.begin(), locations.end(), one) != locations.end())
            section.refuse("walmgr_data", "names " + std::string{one} + " twice");
        locations.emplace_back(one);
    }
    return locations;
}

/// Which of the locations get backups.
std::vector<std::string> read_backed_up(pgq::ini_section const& section, std::vector<std::string> const& locations) {
    auto const text = section.text("backup_repository", fallback("backup_repository"));
    if (text == "all") return locations;
    std::vector<std::string> chosen;
    try {
        for (auto const one : split_list(text)) {
            auto const& location = locations[repository_place(locations, one)];
            if (std::find(chosen.begin(), chosen.end(), location) == chosen.end()) chosen.push_back(location);
        }
    } catch (walmgr::error const& problem) {
        section.refuse("backup_repository", std::string{"is wrong: "} + problem.what());
    }
    if (chosen.empty()) section.refuse("backup_repository", "names no repository");
    return chosen;
}

walmgr::quorum read_copies(pgq::ini_section const& section, std::size_t repositories) {
    if (section.text("wal_copies", fallback("wal_copies")) == "all") return {};
    return {static_cast<std::size_t>(section.number("wal_copies", 1, 1, static_cast<std::int64_t>(repositories)))};
}

/// The sections of the original's versions before 3 are read as the one of today.
pgq::ini_section& only_section(pgq::ini_file& file, std::string const& path) {
    constexpr std::array known{std::string_view{"walmgr"}, std::string_view{"wal-master"},
                               std::string_view{"wal-slave"}};
    for (auto const& section : file.sections()) {
        if (std::find(known.begin(), known.end(), section.name()) == known.end())
            throw pgq::usage_error{path + ": unknown section [" + section.name() + "], only [walmgr] is read"};
    }
    if (file.sections().size() > 1)
        throw pgq::usage_error{path + ": sections [" + file.sections()[0].name() + "] and [" +
                               file.sections()[1].name() + "]: master and slave stand in one section [walmgr]"};
    return file.sections().empty() ? file.section("walmgr") : file.sections().front();
}

}  // namespace

config read_config(std::string const& path, proved how) {
    auto file = pgq::ini_file::read(path);
    auto& section = only_section(file, path);
    auto const old = read_old_keys(section);
    if (how == proved::all && !old.note.empty())
        say(path + ": keys of the original walmgr that have no effect, or another: " + old.note);
    config read;
    read.master_db = section.text("master_db", fallback("master_db"));
    read.walmgr_data = read_locations(section, old.walmgr_data.value_or(section.path("walmgr_data")));
    if (read.walmgr_data.empty()) throw pgq::usage_error{path + ": walmgr_data is missing, where the repository is"};
    read.wal_copies = read_copies(section, read.walmgr_data.size());
    read.cluster = section.text("cluster", fallback("cluster"));
    bool const plain =
        !read.cluster.empty() && read.cluster.front() != '.' && read.cluster.find('/') == std::string::npos;
    if (!plain) section.refuse("cluster", "cannot be the name of a folder: \"" + read.cluster + '"');
    read.pack = read_codec(section);
    read.nodes = read_servers(section, path, read.cluster);
    if (how == proved::all) prove_connections(section);
    read.path = std::filesystem::absolute(path).string();
    read.receive = read_receiving(section, old.found);
    read.nodes.master.receiver_slot = read.nodes.slave.receiver_slot = read.receive.slot;
    read.stores = read_store_options(section);
    read.backup = read_backup(section);
    read.backup.into = read_backed_up(section, read.walmgr_data);
    read.agent = read_agent(section);
    read.pressure = read_pressure(section);
    section.refuse_unknown();
    return read;
}

std::string sample_config() {
    return apps::sample("walmgr", keys);
}

}  // namespace walmgr_app
