#include "../command.hpp"
#include "../under_pressure.hpp"

#include <memory>
#include <string>

namespace walmgr_app {
namespace command_xarchive {
namespace {

struct options {
    std::string path{};
    std::string name{};
};

int xarchive(config const& settings, options const& given) {
    if (settings.pressure.action != walmgr::on_pressure::block)
        return archive_by_rule(settings, given.path, given.name);
    archive_now(settings, given.path, given.name);
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
