/// Receiving a cluster's log by streaming replication, from session to session and from timeline to timeline.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/replication.hpp>
#include <pgq/log.hpp>
#include <pgq/stop.hpp>

#include <walmgr/archive.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/receive/background_archiver.hpp>
#include <walmgr/receive/failover_sign.hpp>
#include <walmgr/receive/known_history.hpp>
#include <walmgr/receive/own_slot.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/receive_settings.hpp>
#include <walmgr/receive/received_files.hpp>
#include <walmgr/receive/server_facts.hpp>
#include <walmgr/receive/start_point.hpp>
#include <walmgr/receive/wal_stream.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/store.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {

/// `where` is for looking only: what is stored goes through `archiver`, and `signs`. For one thread.
template <store Store, class Archiver, class Signs, pgq::log_sink Log, class Retry = backoff> class receiver {
public:
    receiver(Store where, cluster of, partial_folder& folder, Archiver& archiver, Signs& signs,
             receive_settings settings, Log log, Retry retry = backoff{.longest = std::chrono::seconds{20}})
        : where_{std::move(where)}, of_{std::move(of)}, folder_{folder}, archiver_{archiver},
          settings_{std::move(settings)}, log_{std::move(log)}, tries_{std::move(retry)},
          sign_{where_, of_, folder_, archiver_, signs, log_} {}

    /// Receives until a stop is requested, or `once`. Reconnects, as the retry policy says.
    /// @throws error  identity, duplicate, corrupt and what else no later try can mend, or what came last when the
    /// policy
    ///                gives up; pgq::usage_error
    void run(std::stop_token const& stop) {
        try {
            receive(stop);
        } catch (...) {
            sign_.leave();
            throw;
        }
        sign_.leave();
    }

private:
    void receive(std::stop_token const& stop) {
        archive_left_behind(folder_, of_.size, archiver_);
        tries_.reset();
        while (!stop.stop_requested()) {
            received_ = false;
            archiver_.check();
            error problem{fault::unavailable, "the server has ended the stream"};
            try {
                if (session(stop)) return archiver_.wait_until_empty(stop);
            } catch (pgq::usage_error const&) { throw; } catch (error const& failure) {
                if (settings_.once) sign_.hand_over(stop);
                if (settings_.once || (failure.kind() != fault::unavailable && failure.kind() != fault::disk_full))
                    throw;
                problem = failure;
            } catch (pgq::error const& failure) {
                if (stop.stop_requested()) return;
                if (settings_.once) sign_.hand_over(stop);
                if (settings_.once) throw session_failure(failure);
                problem = session_failure(failure);
            }
            if (received_) tries_.reset();
            auto const pause = tries_.failed();
            if (!pause) throw problem;
            if (std::exchange(said_, problem.what()) != problem.what())
                log_.write(pgq::log_level::warning, problem.what() + std::string{"; connecting again"});
            sign_.rest(*pause, stop);
        }
    }

    /// True when what was asked for is complete.
    bool session(std::stop_token const& stop) {
        pgq::libpq::replication server{settings_.conninfo(),
                                       {.stop = stop,
                                        .statement_timeout = std::chrono::seconds{60},
                                        .application_name = settings_.application_name}};
        auto const facts = ask_server(server, of_);
        ask_sign(facts, [&] { sign_.look(facts.tli); });  // before anything of an older one is received again
        keep_histories(server, facts);
        warn_of_remote_apply(server, settings_.application_name, log_);
        auto const slot = own_slot(server, settings_.stream.slot, log_);
        auto at = begin(facts, slot);
        log_.write(pgq::log_level::info, "receiving timeline " + std::to_string(static_cast<std::uint32_t>(at.tli)) +
                                             " from " + to_string(begin_of(at, of_.size)));
        said_.clear();
        for (;;) {
            if (at.tli == facts.tli) ask_sign(facts, [&] { sign_.begin(facts.tli); });  // before it is acknowledged
            auto settings = settings_.stream;
            settings.wait_for_room = !settings_.once;
            if (settings_.once) settings.until = facts.flushed;
            wal_stream stream{server,
                              folder_,
                              of_.size,
                              settings,
                              log_,
                              [this](segment whole) { archive_whole(whole); },
                              [this, &facts, tli = at.tli] {
                                  archiver_.check();
                                  if (facts.standby && tli >= facts.tli) sign_.look_again(tli);
                              }};
            stream_end ended;
            try {
                ended = stream.run(at, stop);
            } catch (pgq::sql_error const& refused) {
                received_ |= stream.received();
                auto const state = refused.state();
                if (stream.received()) throw;
                if (state == "58P01") pass_gap(at, facts, slot, refused.what());                     // no such file
                else if (state == "55000" && slot) renew_slot(server, settings_.stream.slot, log_);  // invalidated
                else throw;
                return false;  // the next session goes on
            } catch (...) {
                received_ |= stream.received();
                throw;
            }
            received_ |= stream.received();
            if (ended.complete) return true;
            if (!ended.next) return false;
            archive_unfinished(folder_, of_.size, archiver_);
            sign_.forget(at.tli);
            at = {timeline{ended.next->timeline}, ended.next->begin / of_.size.bytes};
            if (at.tli > facts.tli) keep_history(server, at.tli, folder_, archiver_, log_);
            log_.write(pgq::log_level::info, "the timeline has ended; following timeline " +
                                                 std::to_string(ended.next->timeline) + " from " +
                                                 to_string(lsn{ended.next->begin}));
            if (at.tli > facts.tli) return false;  // it was promoted, and is asked anew what it is
        }
    }

    void archive_whole(segment whole) { archiver_.add(file_name(whole, of_.size), file_name(whole, of_.size)); }
    /// @throws error  unavailable, where the server's timeline was given up
    void ask_sign(server_facts const& facts, auto const& how) {
        try {
            how();
        } catch (error const& away) {
            if (!sign_.receives(facts.tli) || !goes_on_without(facts, away)) throw;
        }
        sign_.require_open(facts.tli);
    }
    /// The first segment that is not safe, as the server sees it.
    segment begin(server_facts const& facts, std::optional<pgq::libpq::physical_slot> const& slot) {
        auto const local = folder_.list(of_.size);
        if (after_gap_) return *std::exchange(after_gap_, std::nullopt);
        auto const known = known_log(facts, local);
        if (!known) return server_start(facts, slot);
        auto const start = choose_start(*known, {facts.tli, facts.flushed, facts.past, facts.standby}, of_.size);
        if (!start.alarm.empty()) log_.write(pgq::log_level::error, start.alarm);
        if (start.at.tli != known->next.tli) archive_unfinished(folder_, of_.size, archiver_);
        // What the repository has in the meantime is not needed here any more.
        for (auto const& one : local.unfinished) {
            if (one.tli != known->next.tli || one.number >= known->next.number) continue;
            auto const name = file_name(one, of_.size);
            auto const stored = where_.open(object_name(of_, *parse_wal_name(name), name));
            if (!stored) continue;
            detail::unpack_archived(*stored, name, *parse_wal_name(name), of_, [](std::string_view) {});
            folder_.remove(name + std::string{partial_ending});
        }
        return start.at;
    }
    std::optional<safe_log> known_log(server_facts const& facts, partial_contents const& local) {
        try {
            return find_safe_log(where_, of_, local, folder_.flushed());
        } catch (error const& away) {
            if (!goes_on_without(facts, away)) throw;
            log_.write(pgq::log_level::warning,
                       "the repository cannot be asked; going on behind what is received: " + std::string{away.what()});
            return find_safe_log(of_, local, folder_.flushed());
        }
    }
    /// Commits may wait for us: a timeline that was begun is gone on with, even while the repository keeps silent.
    /// Whether a new one is the right one only the repository knows.
    [[nodiscard]] bool goes_on_without(server_facts const& facts, error const& away) const {
        auto const flushed = folder_.flushed();
        return !settings_.once && away.kind() == fault::unavailable && flushed && flushed->tli == facts.tli;
    }
    /// The earliest that the server can be relied on to have.
    segment server_start(server_facts const& facts, std::optional<pgq::libpq::physical_slot> const& slot) const {
        if (slot && slot->restart) return {timeline{slot->timeline}, *slot->restart / of_.size.bytes};
        return {facts.tli, facts.flushed.bytes / of_.size.bytes};
    }

    void keep_histories(pgq::libpq::replication& server, server_facts const& facts) {
        if (facts.history.empty()) return;
        bool known = false;
        try {
            known = has_history_of(where_, of_, facts);
        } catch (error const& away) {
            if (goes_on_without(facts, away)) return;  // they were kept when this timeline was begun
            throw;
        }
        if (known && offered_ == facts.tli) return;
        for (auto const& one : facts.past)
            if (!known && one.tli > timeline{1}) keep_history(server, one.tli, folder_, archiver_, log_);
        // Also where this repository has it: another one may not.
        keep_history(server, facts.tli, folder_, archiver_, log_);
        offered_ = facts.tli;
    }

    /// The server has not any more what should come next.
    void pass_gap(segment from, server_facts const& facts, std::optional<pgq::libpq::physical_slot> const& slot,
                  std::string_view reason) {
        auto next = server_start(facts, slot);
        if (next <= from) next = {facts.tli, facts.flushed.bytes / of_.size.bytes};
        if (next <= from) throw error{fault::gap, "the server does not have its newest log: " + std::string{reason}};
        // Across a change of timeline only the first segment is known to be missing.
        wal_gap const found{from.tli, from.number, next.tli == from.tli ? next.number - 1 : from.number};
        if (settings_.record_gap) settings_.record_gap(found);
        else record_found_gap(where_, of_, found);
        log_.write(pgq::log_level::error,
                   "gap: the server has removed the log from " + to_string(begin_of(from, of_.size)) + " to " +
                       to_string(begin_of(next, of_.size)) + " (" + std::string{reason} +
                       "). Backups from before cannot be restored beyond it, unless an archiver brings it or somebody "
                       "has it: see walmgr CONFIG gap refill. Take a new full backup");
        archive_unfinished(folder_, of_.size, archiver_);
        after_gap_ = next;
        received_ = true;
    }

    Store where_;
    cluster of_;
    partial_folder& folder_;
    Archiver& archiver_;
    receive_settings settings_;
    Log log_;
    attempts<Retry> tries_;
    std::optional<segment> after_gap_{};
    failover_sign<Store, Archiver, Signs, Log> sign_;
    std::optional<timeline> offered_{};  ///< whose history was given to all repositories
    std::string said_{};                 ///< the last failure: a server that is down for hours shall not fill the log
    bool received_ = false;
};

}  // namespace walmgr
