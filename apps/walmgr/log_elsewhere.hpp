/// Segments that no repository has whole, from who may have them still.
#pragma once

#include "log_server.hpp"

#include <walmgr/receive/fetch_received.hpp>

#include <iostream>
#include <optional>
#include <string>

namespace walmgr_app {

/// What is received on this machine, and the primary, which is asked only when it is needed. What cannot help is named
/// on standard error.
class log_elsewhere {
public:
    /// @param primary  unless it is given it is looked for
    log_elsewhere(config const& settings, walmgr::cluster const& of, walmgr::node const* primary = nullptr)
        : settings_{settings}, of_{of}, primary_{primary} {}

    /// Writes a segment to a path; false when nobody has it.
    bool give(walmgr::segment which, std::string const& path) {
        if (is_received(which, path)) return true;
        if (!server_) server_.emplace(settings_, of_, primary_);
        return server_->give(which, path);
    }

private:
    [[nodiscard]] bool is_received(walmgr::segment which, std::string const& path) const {
        auto const& folder = settings_.receive.partial_wals;
        if (folder.empty()) return false;
        auto const text = file_name(which, of_.size);
        try {
            return walmgr::detail::hand_out(folder + '/' + text, *walmgr::parse_wal_name(text), of_, path);
        } catch (walmgr::error const& problem) {
            std::cerr << "walmgr: what is received cannot help: " << apps::one_line(problem.what()) << '\n';
            return false;
        }
    }

    config const& settings_;
    walmgr::cluster of_;
    walmgr::node const* primary_;
    std::optional<log_server> server_{};
};

}  // namespace walmgr_app
