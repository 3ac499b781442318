/// A machine of which a configuration says whether it is this one, and what must be so before a step is done there.
#pragma once

#include <walmgr/failover/local_machine.hpp>
#include <walmgr/failover/machine.hpp>
#include <walmgr/failover/remote_machine.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace walmgr {

/// One of the machines. A model itself.
class any_machine {
public:
    any_machine(local_machine is) : is_{std::move(is)} {}
    any_machine(remote_machine is) : is_{std::move(is)} {}

    [[nodiscard]] machine_state look(std::chrono::seconds limit) const {
        return std::visit([&](auto const& one) { return one.look(limit); }, is_);
    }
    void act(machine_step step, std::chrono::seconds limit) const {
        std::visit([&](auto const& one) { one.act(step, limit); }, is_);
    }

private:
    std::variant<local_machine, remote_machine> is_;
};

static_assert(machine<any_machine>);

/// How long a look may take, which waits for nobody.
inline constexpr std::chrono::seconds look_limit{60};

/// Refuses a data folder of another cluster than `system_id`. @throws error  identity
inline void require_system(node const& of, machine_state const& found, std::uint64_t system_id) {
    if (found.control.system_id != system_id)
        throw error{fault::identity, "the data folder of " + shown(of) + " has system id " +
                                         std::to_string(found.control.system_id) + ", and the other server " +
                                         std::to_string(system_id)};
}

/// Refuses a server that could not be started again. @throws error  configuration, with what is missing
inline void require_startable_there(node const& of, machine_state const& found) {
    if (!found.obstacle.empty())
        throw error{fault::configuration, of.machine.host.empty() ? found.obstacle : shown(of) + ": " + found.obstacle};
}

/// Proves that the primary that we have talked to by its connection string is the one that we can stop, and start
/// again. @throws error  identity; configuration, when none runs on that data folder, or a standby does
inline void require_primary_there(node const& of, any_machine const& at, std::uint64_t system_id) {
    auto const found = at.look(look_limit);
    require_system(of, found, system_id);
    bool const primary = found.control.state == cluster_state::in_production;
    if (found.sign && primary) return require_startable_there(of, found);
    throw error{fault::configuration, "the data folder of " + shown(of) + " is not that of the primary that answers: " +
                                          (found.sign ? "no primary" : "no server") +
                                          " runs there; see which folder and machine the configuration names"};
}

}  // namespace walmgr
