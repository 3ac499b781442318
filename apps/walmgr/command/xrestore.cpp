#include "../asking.hpp"
#include "../command.hpp"
#include "../open_repository.hpp"

#include <unistd.h>
#include <walmgr/backup/control_file.hpp>
#include <walmgr/file.hpp>
#include <walmgr/page_header.hpp>
#include <walmgr/receive/fetch_received.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace walmgr_app {
namespace command_xrestore {
namespace {

struct options {
    std::string name{};
    std::string path{};
    std::string restart_point{};
};

/// The first bytes of a file; none where there is no such file.
std::string start_of(std::string const& path, std::size_t bytes) {
    std::string start(bytes, '\0');
    auto const from = walmgr::open_file(path);
    start.resize(from.is_open() ? from.read(0, start) : 0);
    return start;
}

/// The system id of the server that asks: of the data folder whose pg_wal the file is to lie in. Nothing where that is
/// no place in a data folder. One from before an upgrade wants the log of that time, whoever has written its settings.
std::optional<std::uint64_t> asking_system(std::string const& path) {
    auto const log = std::filesystem::absolute(path).parent_path();
    if (log.filename() != "pg_wal") return std::nullopt;
    auto const start = start_of(log.parent_path() / "global/pg_control", sizeof(std::uint64_t));
    if (start.size() < sizeof(std::uint64_t)) return std::nullopt;
    return walmgr::detail::system_id_of(start);  // the same whenever it is written
}

/// Whether a segment that was handed out is of that system. An agent knows only what the cluster is now.
bool is_of(std::string const& path, std::optional<std::uint64_t> system_id) {
    if (!system_id) return true;
    auto const page = walmgr::parse_page_header(start_of(path, walmgr::page_header_bytes));
    return page && page->system_id == *system_id;
}

int xrestore(config const& settings, options const& given) {
    auto const system_id = asking_system(given.path);
    if (agent_fetches(settings, given.name, given.path)) {
        if (is_of(given.path, system_id)) return 0;
        ::unlink(given.path.c_str());
    }
    auto all = open_repositories(settings, system_id);
    auto const report = walmgr::fetch_received(all, given.name, given.path, settings.receive.partial_wals);
    warn_of(report.failed);
    if (!report.found && all.none_keeps_it())
        throw walmgr::error{walmgr::fault::identity,
                            "no repository keeps log of the server that asks, whose system id is " +
                                std::to_string(*system_id) + "; after pg_upgrade run: walmgr CONFIG upgrade"};
    return report.found ? 0 : static_cast<int>(walmgr::fault::negative);
}

}  // namespace
}  // namespace command_xrestore

void add_xrestore(apps::command& program, request& wanted) {
    using namespace command_xrestore;
    auto command = program.add_command("xrestore", "for restore_command: fetch a file of the write-ahead log");
    auto const given = std::make_shared<options>();
    command.add_option("name", given->name, "its name: %f").required();
    command.add_option("path", given->path, "where to put it: %p").required();
    command.add_option("restart_point", given->restart_point, "%r; not used");
    command.when_given([&wanted, given] {
        wanted.run = [&wanted, given] {
            auto const status =
                status_of([&] { return xrestore(read_config(wanted.file, proved::but_connections), *given); });
            return status <= static_cast<int>(walmgr::fault::negative) ? status : status_for_recovery(status);
        };
    });
}

int status_for_recovery(int status) {
    // Up to 125 PostgreSQL takes for "not in the archive", above for an order to end recovery with an error, but for
    // 143, which is what a shell makes of SIGTERM.
    constexpr int end_recovery = 150;
    if (::access("standby.signal", F_OK) == 0) return static_cast<int>(walmgr::fault::negative);
    return status + end_recovery;
}

}  // namespace walmgr_app
