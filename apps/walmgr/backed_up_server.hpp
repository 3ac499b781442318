/// The server that a backup is taken of, and the one that writes its log.
#pragma once

#include "config.hpp"

#include <pgq/libpq/connection.hpp>

#include <walmgr/backup/record.hpp>
#include <walmgr/backup/source.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/sql/archiver.hpp>
#include <walmgr/store/any.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace walmgr_app {

/// A session with the server that `backup_from` names. Of a standby its primary is asked, too, whenever that answers:
/// only there a segment can be ended, and a new checkpoint be made.
class backed_up_server {
public:
    /// `settings` must live as long. @throws walmgr::error  negative, when no server is what is asked for; or
    /// pgq::connection_error
    backed_up_server(config const& settings, std::stop_token stop);

    [[nodiscard]] walmgr::node const& node() const { return *server_; }
    [[nodiscard]] walmgr::backup_source const& source() const { return source_; }
    pgq::libpq::connection& session() { return db_; }
    /// For people: nothing for a primary.
    [[nodiscard]] std::string shown() const;

    /// Refuses what could not be finished, before anything is begun. Says what of it nobody knows.
    /// @throws walmgr::error  configuration, identity, unavailable; pgq::sql_error, pgq::connection_error
    void check(walmgr::cluster const& of, walmgr::any_store const& where);

    /// The backup that a standby gives begins at its last restart point. Makes sure that this lies at `since` or behind
    /// it, behind all gaps of the repository, and on the timeline that it is on: where it does not, by a checkpoint of
    /// the primary. Nothing happens for a primary.
    /// @throws walmgr::error  unavailable, when the primary cannot be asked for one; timed_out
    void begin_behind(walmgr::lsn since, walmgr::cluster const& of, walmgr::any_store const& where);

    /// Whether it was a standby up to now, if it was one. @throws walmgr::error  identity, when it was promoted
    void check_role();
    /// Says what to do about an error of the server that ended a backup, where only a standby has such ones.
    /// @throws walmgr::error  identity, when it was promoted; unavailable
    void explain(pgq::sql_error const& problem);

    /// Lets a standby's primary end the segment in which the backup ends, once. Says when it cannot be asked.
    void end_segment(walmgr::backup_record const& taken);

    /// How far archiving is, for people.
    std::string describe_archiving();
    /// The same, to be measured; nothing while the server that archives cannot be asked.
    std::optional<walmgr::sql::archiver_reading> read_archiver();
    /// Bytes of its tables and whatever else is in its tablespaces; nothing where it does not tell us.
    std::optional<std::uint64_t> data_size();

private:
    bool ask_primary(std::function<void(pgq::libpq::connection&)> const& ask);
    bool begins_behind(walmgr::lsn since);
    void check_standby(walmgr::cluster const& of, walmgr::any_store const& where);
    void await_replay(walmgr::lsn until);

    config const& settings_;
    std::stop_token stop_;
    walmgr::node const* server_;
    walmgr::node const* primary_ = nullptr;  ///< of a standby, where the configuration names another server
    pgq::libpq::connection db_;
    walmgr::backup_source source_;
    std::optional<pgq::libpq::connection> primary_db_{};
    std::string silent_{"master_db or slave_db does not name it"};  ///< why the primary cannot be asked
    bool segment_ended_ = false;
};

}  // namespace walmgr_app
