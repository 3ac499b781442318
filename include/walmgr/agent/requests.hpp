/// What is asked of an agent.
#pragma once

#include <walmgr/agent/file_id.hpp>

#include <string>
#include <vector>

namespace walmgr {

/// Requests, for ask_agent(). `meaning` tells the configuration of the one who asks: two that differ in repositories do
/// not mean the same by "archived".
namespace agent_request {
/// To have a segment archived; `id` is of what the one who asks sees in `folder`.
inline std::vector<std::string> archive(std::string const& meaning, std::string const& folder, std::string const& name,
                                        file_id const& id) {
    return {"archive", meaning, folder, name, to_string(id)};
}
/// To have a segment put at `place`. The answer is the id of the file there, which the one who asks should see as well.
inline std::vector<std::string> fetch(std::string const& meaning, std::string const& name, std::string const& place) {
    return {"fetch", meaning, name, place};
}
/// What it has done so far.
inline std::vector<std::string> status() {
    return {"status"};
}
}  // namespace agent_request

}  // namespace walmgr
