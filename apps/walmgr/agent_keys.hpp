/// The part of the configuration that is about the agent.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace walmgr_app {

struct agent_keys {
    std::string socket{};   ///< where it listens; empty: there is none
    unsigned workers = 0;   ///< threads that archive ahead, and as many that fetch
    std::size_t ahead = 0;  ///< segments
    std::string spool{};    ///< folder; empty: nothing is fetched ahead
    std::uint64_t spool_bytes = 0;
    std::chrono::seconds idle{};  ///< it ends after so long without a request; 0: never
    std::string pidfile{};
    std::string log{};
};

}  // namespace walmgr_app
