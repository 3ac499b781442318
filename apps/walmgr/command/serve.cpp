#include "../command.hpp"

#include <unistd.h>
#include <walmgr/duplex.hpp>
#include <walmgr/location.hpp>
#include <walmgr/store/posix.hpp>
#include <walmgr/store/serve.hpp>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>

namespace walmgr_app {
namespace command_serve {
namespace {

int serve(std::string const& folder) {
    using namespace std::chrono_literals;
    std::signal(SIGPIPE, SIG_IGN);
    auto const where = walmgr::parse_location(folder);
    if (where.by != walmgr::reached_by::path)
        throw walmgr::error{walmgr::fault::usage, "--folder is no folder of this machine: " + folder};
    // An agent may rest for long; a machine that vanished without a word must not leave us here for ever.
    walmgr::duplex link{STDIN_FILENO, STDOUT_FILENO, "the asking end", 1h};
    walmgr::serve_store(walmgr::posix_store{where.path}, where.path, link);
    return 0;
}

}  // namespace
}  // namespace command_serve

void add_serve(apps::command& program, request& wanted) {
    using namespace command_serve;
    auto command = program.add_command(
        "serve", "keep a repository's objects in a folder of this machine for a walmgr at the other "
                 "end of ssh; needs no configuration");
    auto const folder = std::make_shared<std::string>();
    command.add_option("--folder", *folder, "the only folder that it touches").required();
    command.when_given([&wanted, folder] {
        wanted.needs_file = false;
        wanted.run = [folder] { return serve(*folder); };
    });
}

}  // namespace walmgr_app
