#include "../command.hpp"
#include "../machines.hpp"

#include <common/status.hpp>

#include <poll.h>
#include <unistd.h>
#include <walmgr/failover/machine_request.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

namespace walmgr_app {
namespace command_step {
namespace {

using walmgr::error;
using walmgr::fault;

/// What comes from standard input within `limit`, up to 4096 bytes; empty at its end, and when nothing came.
std::string some_input(std::chrono::milliseconds limit) {
    ::pollfd watched{STDIN_FILENO, POLLIN, 0};
    std::array<char, 4096> block{};
    for (;;) {
        auto const ready = ::poll(&watched, 1, static_cast<int>(limit.count()));
        auto const count = ready > 0 ? ::read(STDIN_FILENO, block.data(), block.size()) : ready;
        if (count >= 0) return {block.data(), static_cast<std::size_t>(count)};
        if (errno != EINTR) walmgr::refuse("cannot read what is asked");
    }
}

walmgr::machine_request read_request() {
    constexpr std::size_t longest = 4096;
    std::string text;
    while (!text.ends_with('\n')) {
        auto const more = some_input(std::chrono::minutes{1});
        if (more.empty() || text.size() > longest)
            throw error{fault::usage, "this is for a walmgr at the other end of ssh, which asks by a line"};
        text += more;
    }
    return walmgr::parse_machine_request(text);
}

/// Who asked may have been cut off, and have asked somebody else for something else meanwhile.
void confirm() {
    ::pollfd watched{STDIN_FILENO, POLLIN, 0};
    if (::poll(&watched, 1, 0) > 0) throw error{fault::unavailable, "who asked for this step waits for it no more"};
}

void require_same(std::string const& what, std::string const& asked, std::string const& ours) {
    if (asked != ours)
        throw error{fault::configuration, "the configuration there has " + what + " = \"" + ours +
                                              "\", and here it is \"" + asked + "\"; make them the same"};
}

walmgr::machine_answer answer(std::string const& file) {
    auto const asked = read_request();
    auto const settings = read_config(file);
    require_same("cluster", asked.cluster, settings.cluster);
    require_same("standby_slot", asked.slot, settings.nodes.master.slot);
    auto const& nodes = settings.nodes;
    if (asked.node != nodes.master.name && asked.node != nodes.slave.name)
        throw error{fault::usage, "there is no server of that name"};
    auto const& named = asked.node == nodes.master.name ? nodes.master : nodes.slave;
    // Whatever the configuration calls this machine.
    auto of = named;
    of.machine = {};
    if (of.data.empty()) of.data = of.data_there;
    auto with = machine_settings_of(settings, named);
    with.confirm = confirm;

    auto const sign = walmgr::sign_of_server(of);  // which says first whether there is such a folder
    auto const control = walmgr::control_text(of.programs, data_of(of));
    if (asked.system_id != 0) {
        auto const found = walmgr::parse_control_data(control).system_id;
        if (found != asked.system_id)
            throw error{fault::identity, of.data + " there has system id " + std::to_string(found) +
                                             ", and the cluster that is meant " + std::to_string(asked.system_id)};
    }
    walmgr::local_machine const here{of, with};
    if (!asked.step) {
        auto const found = here.look(asked.limit);
        return {.failed = {},
                .why = {},
                .sign = found.sign,
                .control = control,
                .obstacle = found.obstacle,
                .archive_command = found.archive_command};
    }
    here.act(*asked.step, asked.limit);
    return {};
}

/// What is wrong is an answer as well.
int step(std::string const& file) {
    // What is begun is done, whatever becomes of the link.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
    walmgr::machine_answer given;
    auto const failed = [&](fault kind, char const* why) {
        given = {};
        given.failed = kind;
        given.why = apps::one_line(why);
    };
    try {
        given = answer(file);
    } catch (error const& problem) { failed(problem.kind(), problem.what()); } catch (pgq::usage_error const& problem) {
        failed(fault::configuration, problem.what());
    } catch (std::exception const& problem) { failed(fault::unavailable, problem.what()); }
    std::cout << to_line(given) << std::flush;
    return given.failed ? static_cast<int>(*given.failed) : 0;
}

}  // namespace
}  // namespace command_step

void add_step(apps::command& program, request& wanted) {
    using namespace command_step;
    auto command = program.add_command(
        "step", "do one step of a change of roles with a server of this machine for a walmgr at the other end of ssh");
    command.when_given([&wanted] { wanted.run = [&wanted] { return step(wanted.file); }; });
}

}  // namespace walmgr_app
