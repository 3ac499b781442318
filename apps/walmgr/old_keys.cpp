#include "old_keys.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace {

struct old_key {
    std::string_view name;
    std::string_view today;
};

/// What nobody misses. Those with one reason stand together.
constexpr std::array without_effect{
    old_key{"job_name", "the cluster's name is the key cluster"},
    old_key{"logfile", "messages go to standard error, and those of the agent to agent_log"},
    old_key{"use_skylog", "messages go to standard error, and those of the agent to agent_log"},
    old_key{"pidfile", "one process receives into a folder, and the agent has agent_pidfile"},
    old_key{"loop_delay", "receive streams, and polls nothing"},
    old_key{"use_xlog_functions", "receive streams, and polls nothing"},
    old_key{"exception_sleep", "a lost connection is made again after 0.1 to 20 seconds"},
    old_key{"exception_grace", "a lost connection is made again after 0.1 to 20 seconds"},
    old_key{"exception_reset", "a lost connection is made again after 0.1 to 20 seconds"},
    old_key{"slave_config",
            "both servers are in one configuration, a copy of it on each machine; slave_machine names the other one"},
    old_key{"compression", "wal_compression packs what is stored"},
    old_key{"keep_symlinks", "tablespaces are always kept, and pg_wal is where restore --waldir says"},
    old_key{"hot_standby", "wal_level is always replica, and a standby always answers"},
    old_key{"backup_datadir", "restore never removes a data folder; it wants an empty one, or --delta"},
    old_key{"config_backup", "settings are changed by ALTER SYSTEM, and configuration files are a part of each backup"},
};

/// What must not get lost where it says something.
constexpr std::array refused{
    old_key{"archive_command", "nothing is run before a backup is removed"},
    old_key{"slave_pg_xlog", "give it to restore as --waldir"},
};

/// Where the archive and the backups were below the base folder.
constexpr std::array below_base{
    std::pair<std::string_view, std::string_view>{"completed_wals", "/logs.complete"},
    std::pair<std::string_view, std::string_view>{"full_backup", "/data.master"},
};

/// `/folder`, `host:/folder` or `host`, as the original had them.
struct place {
    std::string host{};
    std::string path{};

    friend bool operator==(place const&, place const&) = default;
};

std::string plain(std::string const& path) {
    auto text = std::filesystem::path{path}.lexically_normal().string();
    if (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

/// `~/` behind a host is taken for the home folder here, as both machines have it at the same place where both are
/// Debian's.
place place_of(std::string const& text) {
    if (text.starts_with('/')) return {.path = plain(text)};
    auto const colon = text.find(':');
    if (colon == text.npos) return {.host = text};
    auto path = text.substr(colon + 1);
    char const* const home = std::getenv("HOME");
    if (path.starts_with("~/") && home != nullptr) path.replace(0, 1, home);
    return {.host = text.substr(0, colon), .path = plain(path)};
}

std::string location_of(place const& where) {
    return where.host.empty() ? where.path : "ssh://" + where.host + where.path;
}

/// Keys and why they have no effect.
class reasons {
public:
    void add(std::string_view key, std::string_view why) {
        auto const same = [&](auto const& one) { return one.second == why; };
        auto const found = std::find_if(all_.begin(), all_.end(), same);
        if (found == all_.end()) all_.emplace_back(key, why);
        else found->first.append(", ").append(key);
    }
    [[nodiscard]] std::string line() const {
        std::string out;
        for (auto const& [keys, why] : all_)
            out.append(out.empty() ? "" : "; ").append(keys).append(" (").append(why).append(")");
        return out;
    }

private:
    std::vector<std::pair<std::string, std::string>> all_{};
};

/// The base folder, of this machine or of another, that the keys speak of; of neither where walmgr_data is a location
/// of today, or missing.
place base_of(pgq::ini_section const& section, std::string const& data) {
    bool const is_folder = data.starts_with('/') && data.find(',') == data.npos;
    auto const slave = section.path("slave");
    if (slave.empty()) return is_folder ? place_of(data) : place{};
    auto base = place_of(slave);
    if (base.path.empty()) {
        if (data.empty()) section.refuse("slave", "names a host only: write walmgr_data, the folder there");
        return is_folder ? place{base.host, plain(data)} : place{};
    }
    if (!data.empty() && data != location_of(base))
        section.refuse("slave", "is not read any more: the repository is walmgr_data, and this is another place");
    return base;
}

/// Refuses what lay elsewhere. Where nothing else says what the base folder was, the archive does.
void check_below(pgq::ini_section const& section, std::string const& data, place& base) {
    for (auto const& [key, tail] : below_base) {
        auto const value = section.path(key);
        if (value.empty()) continue;
        auto const where = place_of(value);
        if (data.empty() && base.path.empty() && where.path.ends_with(tail) && where.path != tail)
            base = {where.host, where.path.substr(0, where.path.size() - tail.size())};
        bool const same_host = where.host.empty() || where.host == base.host;
        bool const below = !base.path.empty() && where.path == base.path + std::string{tail} && same_host;
        if (!below && value != data + std::string{tail})
            section.refuse(key, "is not read any more: the repository is walmgr_data, and this is another place");
    }
}

}  // namespace

old_meaning read_old_keys(pgq::ini_section& section) {
    old_meaning meant{.found = section.name() != "walmgr"};
    reasons told;
    for (auto const& old : without_effect) {
        if (!section.find(old.name)) continue;
        meant.found = true;
        told.add(old.name, old.today);
    }
    for (auto const& old : refused) {
        auto const value = section.find(old.name);
        if (!value) continue;
        meant.found = true;
        if (!value->empty()) section.refuse(old.name, "is not read any more: " + std::string{old.today});
    }
    for (auto const* const key : {"slave", "completed_wals", "full_backup"})
        meant.found = meant.found || section.find(key);
    if (!meant.found) return meant;

    section.interpolated();
    auto const data = section.path("walmgr_data");
    auto base = base_of(section, data);
    check_below(section, data, base);
    bool const elsewhere = !base.host.empty();
    if (!base.path.empty()) meant.walmgr_data = location_of(base);
    for (auto const* const key : {"slave", "completed_wals", "full_backup"}) {
        if (!section.text(key, "").empty())
            told.add(key, "the repository is " + meant.walmgr_data.value_or("walmgr_data") +
                              (elsewhere ? ", where walmgr has to be installed too" : ""));
    }
    if (section.find("partial_wals"))
        told.add("partial_wals",
                 "the original left unfinished segments there under the names of whole ones; to receive, "
                 "name another folder, in a configuration without these keys");
    if (!section.text("periodic_command", "").empty())
        told.add("periodic_command", "not with each segment any more, but when cron or you run periodic");
    if (section.find("keep_backups"))
        told.add("keep_backups", "not with each backup any more, but when you or periodic run expire; 0 removes none");
    meant.note = told.line();
    return meant;
}

}  // namespace walmgr_app
