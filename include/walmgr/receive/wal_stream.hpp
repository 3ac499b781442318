/// Receiving one timeline until it ends: bytes into the folder, positions back to the server.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/replication.hpp>
#include <pgq/log.hpp>
#include <pgq/stop.hpp>

#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/receive/flush_policy.hpp>
#include <walmgr/receive/partial_folder.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {

/// How to stream.
struct stream_settings {
    std::string slot{};  ///< empty: none
    flush_policy flush{};
    std::chrono::milliseconds status_interval{10'000};
    std::chrono::milliseconds silence{60'000};  ///< a server that says nothing for so long is lost
    std::optional<lsn> until{};                 ///< end when the log is durable up to here
    bool wait_for_room = true;                  ///< on a full disk, instead of failing
};

/// How a stream has ended.
struct stream_end {
    std::optional<pgq::libpq::next_timeline> next{};  ///< the timeline has ended
    bool complete = false;                            ///< `until` was reached
};

/// Writes what comes and acknowledges what is durable, never more. `finished(segment)` is told of each whole segment;
/// `check()` is called now and then, and may throw. For one timeline, once.
template <pgq::log_sink Log, class Finished, class Check> class wal_stream {
    using clock = std::chrono::steady_clock;

public:
    wal_stream(pgq::libpq::replication& server, partial_folder& into, segment_size size, stream_settings settings,
               Log log, Finished finished, Check check)
        : server_{server}, into_{into}, size_{size}, settings_{std::move(settings)}, log_{log},
          finished_{std::move(finished)}, check_{std::move(check)} {}

    /// Receives from the begin of a segment on. On a stop request reports what is flushed, and ends within 100 ms.
    /// @throws pgq::stopped, pgq::sql_error, pgq::connection_error; error  unavailable, when the server has gone silent
    stream_end run(segment from, std::stop_token const& stop) {
        tli_ = from.tli;
        stop_ = stop;
        written_ = flushed_ = begin_of(from, size_).bytes;
        heard_ = clock::now();
        auto const before = into_.flushed();
        auto const unfinished = into_ / (file_name(from, size_) + std::string{partial_ending});
        // What is received again, over the same bytes, is durable all the while. Where its file was handed over it is
        // not here any more.
        bool const again = ::access(unfinished.c_str(), F_OK) == 0 && before && before->tli == tli_;
        noted_ = again ? before->at.bytes : 0;
        // So that a later start knows how far this one was, though nothing may have come.
        if (noted_ < flushed_) note();
        if (!server_.start(settings_.slot, written_, static_cast<std::uint32_t>(tli_))) return {server_.finish()};
        try {
            report();
            while (!complete()) {
                check_();
                if (!turn()) {
                    auto const next = server_.finish();
                    flush();
                    return {next};
                }
            }
        } catch (pgq::stopped const&) {
            report();
            server_.finish();
            throw;
        }
        server_.finish();
        return {.complete = true};
    }

    /// Whether the server has sent anything.
    [[nodiscard]] bool received() const noexcept { return received_; }

private:
    [[nodiscard]] bool complete() {
        if (!settings_.until || written_ < settings_.until->bytes) return false;
        flush();
        report();
        return true;
    }
    [[nodiscard]] std::uint64_t waiting() const { return written_ - flushed_; }

    /// One message, or none in time. False when the server has ended the stream.
    bool turn() {
        if (stop_.stop_requested()) throw pgq::stopped{};  // a server that never pauses would not let a wait notice
        auto const now = clock::now();
        if (settings_.flush.due(waiting(), first_waiting_, now)) {
            flush();
            report();
        }
        auto const flush_at = settings_.flush.latest(waiting(), first_waiting_, now);
        switch (server_.receive(std::min(flush_at.value_or(clock::time_point::max()), next_report_))) {
        case pgq::libpq::arrival::end:
            return false;
        case pgq::libpq::arrival::data:
            heard_ = clock::now();
            store(server_.message().begin, server_.message().data);
            break;
        case pgq::libpq::arrival::keepalive:
            heard_ = clock::now();
            if (!server_.message().reply_wanted) break;
            // It may be going down, and waits until all that it has sent is durable.
            flush();
            report();
            break;
        case pgq::libpq::arrival::nothing:
            if (flush_at && clock::now() >= *flush_at) {
                flush();
                report();
            }
        }
        if (clock::now() >= next_report_) {
            if (clock::now() >= heard_ + settings_.silence)
                throw error{fault::unavailable, "the server has said nothing for " +
                                                    std::to_string(settings_.silence.count() / 1000) + " s"};
            report();
        }
        return true;
    }

    void store(std::uint64_t at, std::string_view bytes) {
        if (at != written_)
            throw pgq::protocol_error{"the server goes on at " + to_string(lsn{at}) + " instead of " +
                                      to_string(lsn{written_})};
        received_ = true;
        if (waiting() == 0) first_waiting_ = heard_;
        while (!bytes.empty()) {
            auto const offset = written_ % size_.bytes;
            if (!open_) open();
            auto const part = bytes.substr(0, size_.bytes - offset);
            open_->write(offset, part);
            written_ += part.size();
            bytes.remove_prefix(part.size());
            if (written_ % size_.bytes == 0) finish();
        }
    }

    /// Lets the server wait while there is no room: it keeps the log for us, and the archiver makes room.
    void open() {
        segment const which{tli_, written_ / size_.bytes};
        for (bool said = false;;) {
            try {
                open_.emplace(into_, which, size_);
                if (said) log_.write(pgq::log_level::info, "there is room again");
                return;
            } catch (error const& problem) {
                if (problem.kind() != fault::disk_full || !settings_.wait_for_room) throw;
                if (!std::exchange(said, true))
                    log_.write(pgq::log_level::error, std::string{problem.what()} + "; waiting for room");
            }
            check_();
            pgq::detail::sleep_until(clock::now() + std::chrono::milliseconds{200}, stop_);
            if (stop_.stop_requested()) throw pgq::stopped{};
            if (clock::now() >= next_report_) report();
        }
    }

    void finish() {
        auto const which = open_->which();
        open_->finish();
        open_.reset();
        flushed_ = written_;
        note();
        finished_(which);
        report();
    }
    void flush() {
        if (waiting() == 0) return;
        open_->flush();
        flushed_ = written_;
        note();
    }
    void note() {
        if (flushed_ < noted_) return;
        into_.note_flushed({tli_, lsn{flushed_}});
        noted_ = flushed_;
    }
    void report() {
        auto const now = clock::now();
        server_.send_status(written_, flushed_, now >= heard_ + settings_.silence / 2);
        next_report_ = now + settings_.status_interval;
    }

    pgq::libpq::replication& server_;
    partial_folder& into_;
    segment_size size_;
    stream_settings settings_;
    Log log_;
    Finished finished_;
    Check check_;
    std::stop_token stop_{};
    timeline tli_{};
    std::uint64_t written_ = 0;
    std::uint64_t flushed_ = 0;
    std::uint64_t noted_ = 0;  ///< in the folder, which may have been further already
    std::optional<partial_segment> open_{};
    clock::time_point first_waiting_{};
    clock::time_point next_report_{};
    clock::time_point heard_{};
    bool received_ = false;
};

}  // namespace walmgr
