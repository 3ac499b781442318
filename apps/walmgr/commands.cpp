#include "commands.hpp"

#include <pgq/libpq/connection.hpp>
#include <pgq/payload/json_string.hpp>

#include <unistd.h>
#include <walmgr/archive.hpp>
#include <walmgr/fetch.hpp>
#include <walmgr/repository.hpp>
#include <walmgr/server.hpp>
#include <walmgr/store/posix.hpp>
#include <walmgr/verify.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <variant>

namespace walmgr_app {
namespace {

using namespace std::chrono_literals;
using walmgr::error;
using walmgr::fault;

walmgr::cluster known_cluster(config const& settings, walmgr::posix_store const& where) {
    auto found = walmgr::find_cluster(where, settings.cluster);
    if (!found)
        throw error{fault::configuration, "the repository " + settings.walmgr_data + " does not know the cluster \"" +
                                              settings.cluster + "\" yet; run: walmgr CONFIG repo init"};
    return *found;
}

std::string quoted(std::string_view text) {
    std::string out;
    pgq::detail::append_json_string(out, text);
    return out;
}

/// One line for people, or one object for programs.
void show(walmgr::cluster const& of, walmgr::verification const& found, bool json) {
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
        out.append(out.empty() ? "{" : ", {").append("\"first\": ").append(quoted(first));
        out.append(", \"last\": ").append(quoted(last)).append(", \"segments\": ").append(count).append("}");
    }
    if (!json) {
        std::cout << out << found.other_files << (found.other_files == 1 ? " other file\n" : " other files\n");
        return;
    }
    std::string damaged;
    for (auto const& one : found.damaged)
        damaged += (damaged.empty() ? "" : ", ") + ("{\"object\": " + quoted(one.name)) +
                   ", \"problem\": " + quoted(one.why) + '}';
    std::cout << "{\"cluster\": " << quoted(of.name) << ", \"ranges\": [" << out
              << "], \"other_files\": " << found.other_files << ", \"damaged\": [" << damaged
              << "], \"gap\": " << (has_gap(found) ? "true" : "false") << "}\n";
}

}  // namespace

int repo_init(config const& settings) {
    walmgr::posix_store const where{settings.walmgr_data};
    pgq::libpq::connection db{settings.master_db, {.connect_timeout = 30s, .statement_timeout = 30s}};
    auto const which = walmgr::identify_cluster(db, settings.cluster);
    bool const fresh = walmgr::record_cluster(where, which);
    std::cout << (fresh ? "recorded" : "known already") << ": cluster \"" << which.name << "\", system id "
              << which.system_id << ", segments of " << which.size.bytes << " bytes\n";
    return 0;
}

int xarchive(config const& settings, std::string const& path, std::string const& name) {
    walmgr::posix_store const where{settings.walmgr_data};
    auto const of = known_cluster(settings, where);
    std::visit([&](auto const& way) { walmgr::archive_file(where, of, way, path, name); }, settings.pack);
    return 0;
}

int xrestore(config const& settings, std::string const& name, std::string const& path) {
    walmgr::posix_store const where{settings.walmgr_data};
    auto const of = known_cluster(settings, where);
    return walmgr::fetch_file(where, of, name, path) ? 0 : static_cast<int>(fault::negative);
}

int verify(config const& settings, bool json) {
    walmgr::posix_store const where{settings.walmgr_data};
    auto const of = known_cluster(settings, where);
    auto const found = walmgr::verify_wal(where, of, [](std::string const&) {});
    show(of, found, json);
    for (auto const& one : found.damaged)
        std::cerr << "walmgr: " << one.name << ": " << one.why << '\n';
    for (std::size_t i = 1; i < found.ranges.size(); ++i) {
        auto const& before = found.ranges[i - 1];
        auto const& behind = found.ranges[i];
        if (before.last.tli != behind.first.tli) continue;
        std::cerr << "walmgr: gap: " << behind.first.number - before.last.number - 1 << " segments are missing between "
                  << file_name(before.last, of.size) << " and " << file_name(behind.first, of.size) << '\n';
    }
    if (!found.damaged.empty()) return static_cast<int>(fault::corrupt);
    return has_gap(found) ? static_cast<int>(fault::gap) : 0;
}

int status_for_recovery(int status) {
    // Up to 125 PostgreSQL takes for "not in the archive", above for an order to end recovery with an error, but for
    // 143, which is what a shell makes of SIGTERM.
    constexpr int end_recovery = 150;
    if (::access("standby.signal", F_OK) == 0) return static_cast<int>(fault::negative);
    return status + end_recovery;
}

}  // namespace walmgr_app
