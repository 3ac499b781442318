/// The primary as a source of log that no repository has.
#pragma once

#include "parts.hpp"

#include <common/status.hpp>
#include <pgq/libpq/connection.hpp>

#include <walmgr/fetch.hpp>
#include <walmgr/server.hpp>
#include <walmgr/sql/server_log.hpp>
#include <walmgr/unfinished_file.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr_app {

/// Without a server it gives nothing: why is said once, on standard error.
class log_server {
public:
    /// @param primary  unless it is given it is looked for
    log_server(config const& settings, walmgr::cluster const& of, walmgr::node const* primary) : of_{of} {
        using namespace std::chrono_literals;
        try {
            db_.emplace(primary != nullptr ? primary->db : primary_of(settings.nodes).db,
                        pgq::libpq::options{.connect_timeout = 10s, .statement_timeout = 120s});
            auto const served = walmgr::identify_cluster(*db_, settings.cluster);
            if (served.system_id != of.system_id || served.size != of.size)
                throw walmgr::error{walmgr::fault::identity, "the primary is another cluster"};
            finished_ = walmgr::sql::read_finished_log(*db_);
        } catch (pgq::error const& problem) {
            std::cerr << "walmgr: the server cannot help: " << apps::one_line(problem.what()) << '\n';
            db_.reset();
        }
    }

    /// Writes a segment to a path, when the server has it.
    bool give(walmgr::segment which, std::string const& path) {
        if (!db_ || !has_finished(finished_, which, of_.size)) return false;
        try {
            walmgr::unfinished_file out{path};
            bool const whole = walmgr::sql::read_log_file(*db_, file_name(which, of_.size), of_.size,
                                                          [&](std::string_view bytes) { out.write(bytes); });
            if (whole) out.finish();
            return whole;
        } catch (pgq::sql_error const& problem) {
            std::cerr << "walmgr: the server does not give its log: " << apps::one_line(problem.what()) << '\n';
            db_.reset();
            return false;
        }
    }

private:
    walmgr::cluster of_;
    std::optional<pgq::libpq::connection> db_{};
    walmgr::sql::finished_log finished_{};
};

}  // namespace walmgr_app
