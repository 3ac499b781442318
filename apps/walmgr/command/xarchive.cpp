#include "../asking.hpp"
#include "../command.hpp"
#include "../open_repository.hpp"

#include <walmgr/repositories/archive.hpp>

#include <memory>
#include <string>
#include <variant>

namespace walmgr_app {
namespace command_xarchive {
namespace {

struct options {
    std::string path{};
    std::string name{};
};

int xarchive(config const& settings, options const& given) {
    if (agent_archives(settings, given.path, given.name)) return 0;
    auto all = open_repositories(settings);
    auto const report = std::visit(
        [&](auto const& way) { return walmgr::archive_file(all, way, given.path, given.name); }, settings.pack);
    walmgr::require_archived(report, settings.wal_copies, all.size());
    warn_of(report.failed);
    return 0;
}

}  // namespace
}  // namespace command_xarchive

void add_xarchive(apps::command& program, request& wanted) {
    using namespace command_xarchive;
    auto command = program.add_command("xarchive", "for archive_command: store a file of the write-ahead log");
    auto const given = std::make_shared<options>();
    command.add_option("path", given->path, "the file: %p").required();
    command.add_option("name", given->name, "its name: %f").required();
    command.when_given([&wanted, given] {
        wanted.run = [&wanted, given] { return xarchive(read_config(wanted.file, proved::but_connections), *given); };
    });
}

}  // namespace walmgr_app
