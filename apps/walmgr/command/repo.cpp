#include "../command.hpp"
#include "../open_repository.hpp"

#include <pgq/libpq/connection.hpp>

#include <walmgr/repository.hpp>
#include <walmgr/server.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace walmgr_app {
namespace {

using namespace std::chrono_literals;

int init(config const& settings) {
    pgq::libpq::connection db{settings.master_db, {.connect_timeout = 30s, .statement_timeout = 30s}};
    auto const which = walmgr::identify_cluster(db, settings.cluster);
    return in_each_repository(settings, [&](std::string const& location) {
        bool const fresh = walmgr::record_cluster(open_location(settings, location), which);
        std::cout << location << ": " << (fresh ? "recorded" : "known already") << ": cluster \"" << which.name
                  << "\", system id " << which.system_id << ", segments of " << which.size.bytes << " bytes\n";
        return 0;
    });
}

}  // namespace

void add_repo(apps::command& program, request& wanted) {
    auto repository = program.add_command("repo", "the repository");
    repository.needs_command();
    repository.add_command("init", "let it know the cluster of master_db").when_given([&wanted] {
        wanted.run = [&wanted] { return init(read_config(wanted.file)); };
    });
}

}  // namespace walmgr_app
