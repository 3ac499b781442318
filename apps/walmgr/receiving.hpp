/// The part of the configuration that is about receiving the log.
#pragma once

#include <walmgr/receive/flush_policy.hpp>

#include <chrono>
#include <string>

namespace pgq {
class ini_section;
}

namespace walmgr_app {

struct receiving {
    std::string partial_wals{};
    std::string slot{};
    std::string application_name{};
    walmgr::flush_policy flush{};
    std::chrono::milliseconds status_interval{};
};

/// `old`: partial_wals is that of the original, which is none to receive into.
/// @throws pgq::usage_error  that names file and line
receiving read_receiving(pgq::ini_section const& section, bool old);

}  // namespace walmgr_app
