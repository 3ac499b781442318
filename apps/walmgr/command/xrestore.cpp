#include "../asking.hpp"
#include "../command.hpp"
#include "../open_repository.hpp"

#include <unistd.h>
#include <walmgr/receive/fetch_received.hpp>

#include <memory>
#include <string>

namespace walmgr_app {
namespace command_xrestore {
namespace {

struct options {
    std::string name{};
    std::string path{};
    std::string restart_point{};
};

int xrestore(config const& settings, options const& given) {
    if (agent_fetches(settings, given.name, given.path)) return 0;
    auto all = open_repositories(settings);
    auto const report = walmgr::fetch_received(all, given.name, given.path, settings.receive.partial_wals);
    warn_of(report.failed);
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
