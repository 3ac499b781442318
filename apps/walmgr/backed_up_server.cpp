#include "backed_up_server.hpp"

#include "command.hpp"
#include "megabytes.hpp"
#include "parts.hpp"

#include <walmgr/restore/lineage.hpp>
#include <walmgr/restore/wal_proof.hpp>
#include <walmgr/server.hpp>
#include <walmgr/sql/base_backup.hpp>
#include <walmgr/sql/health.hpp>
#include <walmgr/sql/replay.hpp>
#include <walmgr/sql/standby.hpp>
#include <walmgr/sql/tablespaces.hpp>
#include <walmgr/wait.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace walmgr_app {
namespace {

using namespace std::chrono_literals;
using walmgr::error;
using walmgr::fault;

walmgr::node const& choose(config const& settings) {
    auto const wanted = settings.backup.of;
    if (wanted == backup_of::primary) return primary_of(settings.nodes);
    std::string found;
    if (auto const* const standby = find_standby(settings.nodes, found)) return *standby;
    if (wanted == backup_of::standby)
        throw error{fault::negative, "there is no standby to take a backup of: " + found +
                                         "; backup_from = prefer-standby takes it of the primary then"};
    say("no standby to take the backup of: " + found + "; it is taken of the primary");
    return primary_of(settings.nodes);
}

pgq::libpq::options session_options(std::stop_token const& stop, std::chrono::seconds connect_timeout) {
    return {.stop = stop, .connect_timeout = connect_timeout, .statement_timeout = 60s};
}

std::string number_of(walmgr::timeline tli) {
    return std::to_string(static_cast<std::uint32_t>(tli));
}

}  // namespace

backed_up_server::backed_up_server(config const& settings, std::stop_token stop)
    : settings_{settings}, stop_{std::move(stop)}, server_{&choose(settings)},
      db_{server_->db, session_options(stop_, 30s)}, source_{walmgr::look_at_source(db_)} {
    if (source_.in_recovery && settings.backup.of == backup_of::primary)
        throw error{
            fault::configuration,
            "the server is a standby; let master_db or slave_db name the primary, which has to end the last segment, "
            "or set backup_from = standby"};
    if (!source_.in_recovery) return;
    auto const& other = other_of(settings.nodes, *server_);
    if (!other.db.empty()) primary_ = &other;
    walmgr::sql::lift_session_limits(db_);
}

std::string backed_up_server::shown() const {
    return source_.in_recovery ? ", of " + server_->name + ", a standby" : "";
}

bool backed_up_server::ask_primary(std::function<void(pgq::libpq::connection&)> const& ask) {
    if (primary_ == nullptr) return false;
    try {
        if (!primary_db_) {
            pgq::libpq::connection session{primary_->db, session_options(stop_, 10s)};
            if (walmgr::sql::in_recovery(session)) {
                silent_ = primary_->name + " is a standby, too";
                return false;
            }
            walmgr::sql::lift_session_limits(session);
            primary_db_.emplace(std::move(session));
        }
        ask(*primary_db_);
        return true;
    } catch (pgq::connection_error const& problem) {
        primary_db_.reset();
        silent_ = problem.what();
        return false;
    }
}

void backed_up_server::check(walmgr::cluster const& of, walmgr::any_store const& where) {
    walmgr::check_identity(source_, walmgr::identify_cluster(db_, settings_.cluster), of);
    if (source_.in_recovery) return check_standby(of, where);
    walmgr::check_archiving(source_, walmgr::look_at_archiver(db_));
}

void backed_up_server::check_standby(walmgr::cluster const& of, walmgr::any_store const& where) {
    auto const state = walmgr::sql::read_replay_state(db_);
    auto const own = walmgr::sql::replayed_timeline(db_);
    if (state.paused) say(server_->name + " does not replay: it is paused, and the backup ends where it stands");
    bool const archives_itself = source_.archives || source_.receiver;
    bool const asked = ask_primary([&](pgq::libpq::connection& primary) {
        if (walmgr::identify_cluster(primary, settings_.cluster).system_id != of.system_id)
            throw error{fault::identity, primary_->name + " is of another cluster than " + server_->name};
        if (auto const theirs = walmgr::sql::current_timeline(primary); theirs != own)
            throw error{fault::identity, server_->name + " is on timeline " + number_of(own) + ", and " +
                                             primary_->name + ", the primary, on " + number_of(theirs) +
                                             ": what it has is not of the primary's past, or it has not come so far "
                                             "yet; see: walmgr CONFIG follow"};
        if (walmgr::sql::shown_setting(primary, "full_page_writes") != "on")
            throw error{fault::configuration, "the primary writes its log without full pages, by which alone what is "
                                              "copied of a standby can be mended: set full_page_writes = on there"};
        if (!archives_itself)
            walmgr::check_archiving(walmgr::look_at_source(primary), walmgr::look_at_archiver(primary));
        auto const written = walmgr::sql::current_position(primary).bytes;
        auto const behind = written - std::min(written, state.replayed.bytes);
        say(server_->name + " has replayed up to " + to_string(state.replayed) + ", " + megabytes(behind) +
            " behind the primary");
    });
    if (archives_itself) walmgr::check_archiving(source_, walmgr::look_at_archiver(db_));
    if (asked) return;
    auto const known = walmgr::archived_timelines(where, of);
    if (!known.empty() && known.back() > own)
        throw error{fault::identity, server_->name + " is on timeline " + number_of(own) + ", and the repository has " +
                                         number_of(known.back()) + ": it seems to follow a primary that was given up"};
    say("the primary cannot be asked (" + silent_ +
        "): " + (archives_itself ? "" : "nobody knows whether its log is archived, and ") +
        "the backup has to wait until the segment in which it ends is full");
}

bool backed_up_server::begins_behind(walmgr::lsn since) {
    auto const at = walmgr::sql::last_restart_point(db_);
    return at.redo >= since && at.tli == walmgr::sql::current_timeline(db_);
}

void backed_up_server::begin_behind(walmgr::lsn since, walmgr::cluster const& of, walmgr::any_store const& where) {
    if (!source_.in_recovery) return;
    auto const at = walmgr::sql::last_restart_point(db_);
    auto const gaps = prove_wal(where, of, {.past = {}, .own = at.tli}, at.redo, std::nullopt).missing;
    if (!gaps.empty()) since = std::max(since, {(gaps.back().last.number + 1) * of.size.bytes});
    if (begins_behind(since)) return;
    // It may have replayed a later checkpoint already.
    std::string refused;
    auto const checkpoint = [&](pgq::libpq::connection& db) {
        try {
            db.statement_timeout(settings_.backup.wal_timeout);
            walmgr::sql::checkpoint(db);
        } catch (pgq::sql_error const& problem) { refused = problem.what(); }
    };
    checkpoint(db_);
    if (begins_behind(since)) return;
    walmgr::lsn until{};
    refused.clear();
    bool const asked = ask_primary([&](pgq::libpq::connection& primary) {
        say("the last restart point of " + server_->name +
            " is too early for this backup: a checkpoint of the primary");
        checkpoint(primary);
        until = walmgr::sql::current_position(primary);
    });
    if (!asked || !refused.empty())
        throw error{fault::unavailable,
                    "the backup would begin at " + to_string(at.redo) + ", the last restart point of " + server_->name +
                        ", which is too early: " +
                        (gaps.empty() ? "" : "there are gaps in the repository's log behind it, and ") +
                        "it has to begin behind " + to_string(since) + " on timeline " +
                        number_of(walmgr::sql::current_timeline(db_)) + ". Let the primary make a CHECKPOINT (" +
                        (asked ? refused : silent_) + ")"};
    await_replay(until);
}

void backed_up_server::await_replay(walmgr::lsn until) {
    walmgr::lsn now{};
    walmgr::wait_until(
        settings_.backup.wal_timeout,
        [&] {
            if (stop_.stop_requested()) throw pgq::stopped{};
            return (now = walmgr::sql::read_replay_state(db_).replayed) >= until;
        },
        [&] {
            return server_->name + " has replayed up to " + to_string(now) +
                   ", and not to the primary's checkpoint at " + to_string(until) + "; is its replay paused?";
        });
}

void backed_up_server::check_role() {
    if (source_.in_recovery && !walmgr::sql::in_recovery(db_))
        throw error{fault::identity, server_->name + " was promoted while the backup was taken, which is none; take "
                                                     "another one"};
}

void backed_up_server::explain(pgq::sql_error const& problem) {
    check_role();
    if (source_.in_recovery && problem.state() == pgq::sqlstate{"55000"})
        throw error{fault::unavailable, std::string{problem.what()} +
                                            "; let the primary make a CHECKPOINT, with full_page_writes = on, and take "
                                            "another backup when the standby has replayed it"};
}

void backed_up_server::end_segment(walmgr::backup_record const& taken) {
    if (!source_.in_recovery || segment_ended_) return;
    try {
        segment_ended_ = ask_primary(
            [&](pgq::libpq::connection& primary) { walmgr::sql::end_segment_of(primary, taken.stop, taken.size); });
    } catch (pgq::sql_error const& problem) {
        say(std::string{"the primary does not end its segment for us: "} + problem.what());
        segment_ended_ = true;
    }
}

std::string backed_up_server::describe_archiving() {
    if (!source_.in_recovery) return describe(walmgr::look_at_archiver(db_));
    std::string text;
    if (ask_primary([&](pgq::libpq::connection& primary) {
            text = "of the primary: " + describe(walmgr::look_at_archiver(primary));
        }))
        return text;
    return "the primary cannot be asked to end the segment (" + silent_ + "), which is archived once it is full";
}

std::optional<walmgr::sql::archiver_reading> backed_up_server::read_archiver() {
    std::optional<walmgr::sql::archiver_reading> now;
    try {
        if (!source_.in_recovery) now = walmgr::sql::read_archiver(db_);
        else ask_primary([&](pgq::libpq::connection& primary) { now = walmgr::sql::read_archiver(primary); });
    } catch (pgq::sql_error const&) {         // the backup does not hang on it
    } catch (pgq::connection_error const&) {  // likewise
    }
    return now;
}

std::optional<std::uint64_t> backed_up_server::data_size() {
    try {
        return walmgr::sql::data_size(db_);
    } catch (pgq::sql_error const&) { return std::nullopt; }  // for members of pg_read_all_stats only
}

}  // namespace walmgr_app
