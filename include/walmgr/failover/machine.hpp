/// What a change of roles does where a server's data lies: one protocol for this machine and for others.
#pragma once

#include <walmgr/control_data.hpp>
#include <walmgr/error.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {

/// How a server was found.
struct machine_state {
    std::optional<std::string> sign{};  ///< why a server may be running on the data folder; nothing when none does
    control_data control{};
    std::string obstacle{};         ///< why it could not be started once it is stopped; empty for nothing
    std::string archive_command{};  ///< by which the server archives with the walmgr and the configuration there
};

/// What is done there. Each can be done again after it was done, or cut off in its middle.
enum class machine_step {
    stop,       ///< stop_node()
    start,      ///< start_node()
    prepare,    ///< give the stopped server the restore_command that pg_rewind looks for
    keep,       ///< put its configuration files aside, and note by which one it is started
    rewind,     ///< pg_rewind, with the other server of the configuration as its source; done once
    give_back,  ///< put the configuration files back
    forget,     ///< remove what was put aside, when it has started
    follow      ///< make the stopped server a standby of the other one
};

/// The names of the steps, as machines tell each other.
inline constexpr std::array<std::pair<machine_step, std::string_view>, 8> machine_steps{
    {{machine_step::stop, "stop"},
     {machine_step::start, "start"},
     {machine_step::prepare, "prepare"},
     {machine_step::keep, "keep"},
     {machine_step::rewind, "rewind"},
     {machine_step::give_back, "give back"},
     {machine_step::forget, "forget"},
     {machine_step::follow, "follow"}}};

/// Nobody knows whether a step was done, or is being done still: the way there was cut. To do it again is right.
class step_interrupted : public error {
public:
    /// Of the kind `unavailable`, or `timed_out`.
    using error::error;
};

/// Where a server lives. `look(limit)` changes nothing. `act(step, limit)` returns when the step is done and durable;
/// `limit` is how long the server may take. Two never act at the same time: the second one waits for the first, up to
/// `limit`, and throws `locked` then.
template <class M>
concept machine = requires(M const& at, machine_step step, std::chrono::seconds limit) {
    { at.look(limit) } -> std::same_as<machine_state>;
    { at.act(step, limit) } -> std::same_as<void>;
};

}  // namespace walmgr
