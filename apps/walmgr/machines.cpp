#include "machines.hpp"

#include "parts.hpp"
#include "this_program.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace walmgr_app {

std::uint64_t noted_system(walmgr::journal const& log) {
    auto const text = log.noted("system").value_or("0");
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

walmgr::machine_request meant(config const& settings, std::uint64_t system_id) {
    return {.node = {},
            .step = {},
            .limit = {},
            .system_id = system_id,
            .cluster = settings.cluster,
            .slot = settings.nodes.master.slot};
}

walmgr::machine_settings machine_settings_of(config const& settings, walmgr::node const& of) {
    return {.primary = other_of(settings.nodes, of),
            .archive_command = command_of_server(settings, "xarchive %p %f"),
            .restore_command = command_of_server(settings, "xrestore %f %p"),
            .state = settings.nodes.state_dir + '/' + settings.cluster + '-'};
}

walmgr::any_machine machine_of(config const& settings, walmgr::node const& of, std::uint64_t system_id,
                               std::chrono::seconds patience) {
    if (of.machine.host.empty()) return walmgr::local_machine{of, machine_settings_of(settings, of)};
    auto by = settings.stores.ssh;
    by.patience = std::min<std::chrono::milliseconds>(by.patience, patience);
    return walmgr::remote_machine{of, std::move(by), meant(settings, system_id)};
}

std::string archive_command_at(config const& settings, walmgr::node const& of) {
    if (of.machine.host.empty()) return command_of_server(settings, "xarchive %p %f");
    return machine_of(settings, of).look(walmgr::look_limit).archive_command;
}

bool archives_here(config const& settings, walmgr::node const& of, std::string const& command) {
    if (is_command_of_server(settings, command, "xarchive %p %f")) return true;
    return !of.machine.host.empty() && command == archive_command_at(settings, of);
}

}  // namespace walmgr_app
