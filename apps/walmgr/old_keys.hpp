/// What a configuration of the original walmgr means today.
#pragma once

#include <pgq/ini_section.hpp>

#include <optional>
#include <string>

namespace walmgr_app {

struct old_meaning {
    bool found = false;                        ///< the section, or a key of it, is the original's
    std::optional<std::string> walmgr_data{};  ///< where its archive was, as a location of today
    std::string note{};                        ///< what has no effect any more, and why: one line, or nothing
};

/// Looks at the keys of the original that nothing else reads. Where there are any, values refer to each other by
/// `%(key)s`, as they did. @throws pgq::usage_error  for what must not get lost
old_meaning read_old_keys(pgq::ini_section& section);

}  // namespace walmgr_app
