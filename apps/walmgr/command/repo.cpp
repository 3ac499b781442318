#include "../command.hpp"
#include "../open_repository.hpp"
#include "../parts.hpp"
#include "../result.hpp"

#include <common/json.hpp>
#include <pgq/libpq/connection.hpp>

#include <sys/stat.h>
#include <walmgr/fetch.hpp>
#include <walmgr/repository.hpp>
#include <walmgr/server.hpp>
#include <walmgr/store/first_wins.hpp>
#include <walmgr/store/name.hpp>
#include <walmgr/unfinished_file.hpp>
#include <walmgr/walk.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace walmgr_app {
namespace command_repo {
namespace {

using namespace std::chrono_literals;
using walmgr::error;
using walmgr::fault;

/// The number of its history by which those repositories count that know it already: a new one counts likewise, since
/// backups and log are looked for in all of them by one number.
int counted_history(config const& settings, walmgr::cluster const& which) {
    int history = which.history;
    for (auto const& location : settings.walmgr_data) {
        try {
            auto const known = find_cluster(open_location(settings, location), which.name);
            if (known && known->system_id == which.system_id) history = std::max(history, known->history);
        } catch (error const&) {  // said where it is asked to record the cluster
            continue;
        }
    }
    return history;
}

int init(config const& settings, bool dry_run) {
    pgq::libpq::connection db{primary_of(settings.nodes).db, {.connect_timeout = 30s, .statement_timeout = 30s}};
    auto which = walmgr::identify_cluster(db, settings.cluster);
    which.history = counted_history(settings, which);
    result().set({{"cluster", which.name},
                  {"system_id", std::to_string(which.system_id)},
                  {"version", which.version},
                  {"segment_size", which.size.bytes}});
    return in_each_repository(settings, [&](std::string const& location) {
        auto const where = open_location(settings, location);
        if (!dry_run) require_first_wins(where);
        // Told before it is done: whoever fails in between may have done it.
        if (walmgr::record_cluster(where, which, false))
            result().change("record", which.name, {{"repository", location}});
        bool const fresh = walmgr::record_cluster(where, which, !dry_run);
        std::cout << location << ": " << (fresh ? dry_run ? "would record" : "recorded" : "known already")
                  << ": cluster \"" << which.name << "\", system id " << which.system_id << ", segments of "
                  << which.size.bytes << " bytes\n";
        return 0;
    });
}

struct listing {
    std::string prefix{};
    bool json = false;
};

int list(config const& settings, listing const& wanted) {
    return in_each_repository(settings, [&](std::string const& location) {
        auto const where = open_location(settings, location);
        std::string out;
        walmgr::walk(where, wanted.prefix, [&](std::string const& name) {
            if (!wanted.json) std::cout << name << '\n';
            else out.append(out.empty() ? "" : ", ").append(apps::json_string(name));
        });
        if (wanted.json)
            std::cout << "{\"repository\": " << apps::json_string(location) << ", \"objects\": [" << out << "]}\n";
        return 0;
    });
}

struct getting {
    std::string name{};
    std::string file{};
    bool raw = false;
    bool dry_run = false;
};

/// Copies it to the file, or only reads and verifies it. @return the bytes that were copied
std::uint64_t copy(auto const& from, getting const& wanted) {
    std::uint64_t bytes = 0;
    auto const read = [&](auto const& write) {
        walmgr::copy_object(from, wanted.name, !wanted.raw, [&](std::string_view some) {
            bytes += some.size();
            write(some);
        });
    };
    if (wanted.dry_run) {
        read([](std::string_view) {});
        return bytes;
    }
    walmgr::unfinished_file out{wanted.file};
    read([&](std::string_view some) { out.write(some); });
    out.finish();
    return bytes;
}

int get(config const& settings, getting const& wanted) {
    auto& told = result();
    told.has({"repository", "object", "file", "bytes"});
    walmgr::check_object_name(wanted.name);
    if (struct stat found{}; ::lstat(wanted.file.c_str(), &found) == 0)
        throw error{fault::usage, wanted.file + " is there already; name another file"};
    told.set({{"object", wanted.name}, {"file", wanted.file}});
    bool done = false;
    std::vector<walmgr::repository_failure> failed;
    auto all = open_repositories(settings);
    for (std::size_t which = 0; which < all.size() && !done; ++which) {
        all.attempt(which, failed, [&](walmgr::repository const& in) {
            auto const found = in.where.open(wanted.name);
            if (!found) return;
            auto const bytes = copy(*found, wanted);
            told.change("create", wanted.file);
            told.set({{"repository", settings.walmgr_data[which]}, {"bytes", bytes}});
            if (wanted.dry_run)
                std::cout << "would copy " << wanted.name << " to " << wanted.file << ", " << bytes << " bytes\n";
            done = true;
        });
    }
    if (!done && !failed.empty()) walmgr::refuse_all(failed);
    warn_of(failed);
    if (!done) throw error{fault::negative, "there is no object " + wanted.name};
    return 0;
}

}  // namespace
}  // namespace command_repo

void add_repo(apps::command& program, request& wanted) {
    using namespace command_repo;
    auto repository = program.add_command("repo", "the repository");
    repository.needs_command();
    auto beginning = repository.add_command("init", "let it know the cluster of master_db");
    auto const dry_run = std::make_shared<bool>(false);
    beginning.add_flag("-n,--dry-run,--not-really", *dry_run, "say what would be recorded, and record nothing");
    beginning.when_given(
        [&wanted, dry_run] { wanted.run = [&wanted, dry_run] { return init(read_config(wanted.file), *dry_run); }; });
    auto const shown = std::make_shared<listing>();
    auto ls = repository.add_command("ls", "the names of what it keeps");
    ls.add_option("prefix", shown->prefix, "only names that begin so");
    ls.add_flag("--json", shown->json, "for programs");
    ls.when_given(
        [&wanted, shown] { wanted.run = [&wanted, shown] { return list(read_config(wanted.file), *shown); }; });
    auto const fetched = std::make_shared<getting>();
    auto fetching = repository.add_command("get", "copy an object to a file, unpacked and verified");
    fetching.add_option("name", fetched->name, "of the object, as ls shows it").required();
    fetching.add_option("file", fetched->file, "which must not exist").required();
    fetching.add_flag("--raw", fetched->raw, "packed, as it is stored; verified all the same");
    fetching.add_flag("-n,--dry-run,--not-really", fetched->dry_run, "only verify the object, and write nothing");
    fetching.when_given(
        [&wanted, fetched] { wanted.run = [&wanted, fetched] { return get(read_config(wanted.file), *fetched); }; });
}

}  // namespace walmgr_app
