/// What of a data folder no backup has, because a server makes it anew or throws it away when it starts.
/// Source: BASE_BACKUP in "Streaming Replication Protocol" of PostgreSQL's manual, "Backing Up The Data Directory"
/// there, and "Database File Layout" for the names of files.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace walmgr {

/// The name of a file that holds a relation, or a part of one, taken apart: `16384`, `16384_vm`, `16384.1`, `t3_16384`.
struct relation_file {
    std::string_view number{};  ///< of the relation
    std::string_view fork{};    ///< empty for its rows, else `fsm`, `vm` or `init`
    std::uint32_t segment = 0;  ///< each but the last is 1 GiB long
    bool temporary = false;     ///< of a session
};

/// Nothing when it is the name of something else.
constexpr std::optional<relation_file> parse_relation_file(std::string_view name) {
    relation_file found;
    auto const digits = [&name] {
        auto const end = name.find_first_not_of("0123456789");
        auto const taken = name.substr(0, end);
        name.remove_prefix(taken.size());
        return taken;
    };
    if (name.starts_with('t')) {
        name.remove_prefix(1);
        if (digits().empty() || !name.starts_with('_')) return std::nullopt;
        name.remove_prefix(1);
        found.temporary = true;
    }
    found.number = digits();
    if (found.number.empty()) return std::nullopt;
    if (name.starts_with('_')) {
        auto const end = name.find('.');
        found.fork = name.substr(1, end == name.npos ? end : end - 1);
        if (found.fork != "fsm" && found.fork != "vm" && found.fork != "init") return std::nullopt;
        name.remove_prefix(1 + found.fork.size());
    }
    if (name.empty()) return found;
    if (!name.starts_with('.')) return std::nullopt;
    name.remove_prefix(1);
    auto const [end, problem] = std::from_chars(name.data(), name.data() + name.size(), found.segment);
    if (problem != std::errc{} || end != name.data() + name.size() || found.segment == 0) return std::nullopt;
    return found;
}

/// Whether nothing of that name is in a backup, in whichever folder.
constexpr bool is_left_out(std::string_view name) {
    constexpr std::array<std::string_view, 8> never{
        "postmaster.pid",           "postmaster.opts",      "backup_label",    "tablespace_map",
        "postgresql.auto.conf.tmp", "current_logfiles.tmp", "backup_manifest", ".DS_Store"};
    for (auto const one : never)
        if (name == one) return true;
    return name.starts_with("pgsql_tmp") || name.starts_with("pg_internal.init");
}

/// Whether of that folder at the top of the data folder only itself is in a backup.
constexpr bool is_emptied(std::string_view path) {
    constexpr std::array<std::string_view, 8> folders{"pg_wal",    "pg_replslot",  "pg_dynshmem", "pg_notify",
                                                      "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans"};
    for (auto const one : folders)
        if (path == one) return true;
    return false;
}

}  // namespace walmgr
