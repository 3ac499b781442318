/// The lines of the library, as lines of a program that runs on.
#pragma once

#include <common/log.hpp>
#include <pgq/log.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace walmgr_app {

/// A pgq::log_sink.
struct library_log {
    apps::logger* to;

    static bool wants(pgq::log_level level) { return level != pgq::log_level::debug; }
    void write(pgq::log_level level, std::string_view line) const {
        constexpr std::array severities{apps::severity::debug, apps::severity::info, apps::severity::warning,
                                        apps::severity::error};
        to->write(severities.at(static_cast<std::size_t>(level)), line);
    }
};

}  // namespace walmgr_app
