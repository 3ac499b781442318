/// A session that speaks the streaming replication protocol, for whoever keeps a server's write-ahead log.
/// Source: "Streaming Replication Protocol" in the chapter "Frontend/Backend Protocol" of PostgreSQL's documentation.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/detail/replication_answers.hpp>
#include <pgq/libpq/replication_message.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq {

/// What IDENTIFY_SYSTEM says.
struct system_identity {
    std::uint64_t system_id = 0;
    std::uint32_t timeline = 0;
    std::uint64_t flushed = 0;  ///< up to here the server's log can be streamed
};

/// A physical replication slot.
struct physical_slot {
    std::optional<std::uint64_t> restart{};  ///< what the server keeps begins here; nothing when it keeps nothing
    std::uint32_t timeline = 0;              ///< of that position; 0 when it keeps nothing
};

/// Where the log goes on after the end of a timeline.
struct next_timeline {
    std::uint32_t timeline = 0;
    std::uint64_t begin = 0;
};

/// What receive() has brought.
enum class arrival {
    nothing,    ///< the deadline passed
    data,       ///< a piece of the log
    keepalive,  ///< how far the server is, and whether it wants a status at once
    end         ///< the server has ended the stream: finish() says why
};

/// Move-only; for one thread at a time. Calls throw as those of a connection do, and end on a stop request within
/// 100 ms. Between start() and finish() only receive(), send_status() and finish() may be called.
class replication {
public:
    /// `conninfo` as for a connection; its database does not matter. @throws connection_error, usage_error, stopped
    explicit replication(std::string const& conninfo, options wanted = {})
        : db_{detail::for_replication(conninfo), std::move(wanted)} {}

    /// Who the server is, and how far.
    system_identity identify_system() {
        auto const rows = db_.execute("IDENTIFY_SYSTEM");
        return {.system_id = detail::protocol_number<std::uint64_t>(rows, 0),
                .timeline = detail::protocol_number<std::uint32_t>(rows, 1),
                .flushed = detail::protocol_position(rows, 2)};
    }
    /// A setting as SHOW writes it. `name` consists of letters and underscores.
    std::string show(std::string_view name) {
        auto const rows = db_.execute("SHOW " + std::string{name});
        return std::string{rows.empty() ? "" : rows.at(0, 0).value_or("")};
    }
    /// Nothing when there is none of that name. From server version 15 on. @throws sql_error for a logical one
    std::optional<physical_slot> read_slot(std::string_view name) {
        auto const rows = db_.execute("READ_REPLICATION_SLOT " + identifier(name));
        if (rows.empty() || !rows.at(0, 0)) return std::nullopt;
        if (!rows.at(0, 1)) return physical_slot{};
        return physical_slot{.restart = detail::protocol_position(rows, 1),
                             .timeline = detail::protocol_number<std::uint32_t>(rows, 2)};
    }
    /// Makes one that keeps the log from now on. @throws sql_error, of state 42710 when there is one of that name
    void create_slot(std::string_view name) {
        db_.execute("CREATE_REPLICATION_SLOT " + identifier(name) + " PHYSICAL RESERVE_WAL");
    }
    /// @throws sql_error, of state 42704 when there is none, 55006 while somebody uses it
    void drop_slot(std::string_view name) { db_.execute("DROP_REPLICATION_SLOT " + identifier(name)); }
    /// The bytes of a timeline's history file. There is none for timeline 1. @throws sql_error
    std::string timeline_history(std::uint32_t timeline) {
        auto const rows = db_.execute("TIMELINE_HISTORY " + std::to_string(timeline));
        return std::string{rows.empty() ? "" : rows.at(0, 1).value_or("")};
    }

    /// Begins to stream `timeline` from `begin`, on behalf of a slot unless that is empty.
    /// @return false when the timeline has ended there: then finish() says where the log goes on
    bool start(std::string_view slot, std::uint64_t begin, std::uint32_t timeline) {
        statement_ = "START_REPLICATION " + (slot.empty() ? "" : "SLOT " + identifier(slot) + ' ') + "PHYSICAL " +
                     detail::hex_position(begin) + " TIMELINE " + std::to_string(timeline);
        auto& db = db_.session();
        running_ = db.begin_call(statement_);
        running_.in_doubt = false;
        db.sent(PQsendQuery(db.get(), statement_.c_str()), running_);
        db.flush(running_);
        pending_ = db.next(running_);
        if (!pending_) db.lost(running_);
        auto const status = PQresultStatus(pending_.get());
        if (status == PGRES_COPY_BOTH) {
            pending_.reset();
            db.busy_with = "a stream of the write-ahead log";
            return streaming_ = true;
        }
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return false;
        while (db.next(running_))
            continue;
        db.raise(pending_.get(), running_);
    }

    /// Waits until `end` for the next message, which stays until the next call. Sends what could not leave before.
    /// @throws connection_error; stopped, upon which send_status() and finish() still work
    arrival receive(std::chrono::steady_clock::time_point end) {
        auto& db = db_.session();
        for (;;) {
            char* bytes = nullptr;
            int const size = PQgetCopyData(db.get(), &bytes, 1);
            if (size > 0) {
                bytes_.reset(bytes);
                return detail::read_message({bytes, static_cast<std::size_t>(size)}, message_) ? arrival::data
                                                                                               : arrival::keepalive;
            }
            if (size < 0) {
                streaming_ = false;
                return arrival::end;
            }
            int const unsent = PQflush(db.get());
            if (unsent < 0) fail();
            auto const woken = db.waits.wait(PQsocket(db.get()), unsent == 1 ? POLLIN | POLLOUT : POLLIN, end);
            if (woken == detail::wake::stop) throw stopped{};
            if (woken == detail::wake::deadline) return arrival::nothing;
            if (PQconsumeInput(db.get()) == 0) fail();
        }
    }
    /// What the last receive() has brought.
    [[nodiscard]] wal_message const& message() const noexcept { return message_; }

    /// Says how far the log was written and made durable: the server may forget what lies before `flushed`, and lets
    /// a commit return that waits for it. Does not wait for the server to read it.
    void send_status(std::uint64_t written, std::uint64_t flushed, bool reply_wanted = false) {
        auto& db = db_.session();
        auto const text = detail::write_status(written, flushed, reply_wanted);
        if (PQputCopyData(db.get(), text.data(), static_cast<int>(text.size())) != 1 || PQflush(db.get()) < 0) fail();
    }

    /// Ends the stream. Nothing when the server is going down or was asked to end by us, else the timeline that
    /// follows the one that has ended. Gives the server 80 ms after a stop request, and else 10 seconds.
    /// @throws sql_error, with the server's reason for having ended it; connection_error
    std::optional<next_timeline> finish() {
        auto& db = db_.session();
        bool const stopping = db.waits.stop_requested();
        running_.heed_stop = !stopping;
        running_.cancels = false;
        if (stopping) running_.cut = detail::interruption::stop;
        running_.end = std::chrono::steady_clock::now() + (stopping ? detail::stop_grace : detail::cleanup_limit);
        std::optional<next_timeline> next;
        detail::result_handle failed;
        auto answer = std::move(pending_);
        if (std::exchange(streaming_, false)) end_copy(db);
        if (!answer) answer = db.next(running_);
        for (; answer; answer = db.next(running_)) {
            auto const status = PQresultStatus(answer.get());
            if (status == PGRES_COPY_BOTH || status == PGRES_COPY_OUT) {
                while (db.next_copy_row(running_))
                    continue;
            } else if (status == PGRES_COPY_IN) {
                end_copy(db);
            } else if (status == PGRES_TUPLES_OK) {
                result const rows{std::move(answer)};
                next = next_timeline{.timeline = detail::protocol_number<std::uint32_t>(rows, 0),
                                     .begin = detail::protocol_position(rows, 1)};
            } else if (status != PGRES_COMMAND_OK && !failed) {
                failed = std::move(answer);
            }
        }
        db.busy_with = {};
        if (failed) db.raise(failed.get(), running_);
        if (db.closed()) db.lost(running_);
        return next;
    }

    /// For example 150004 for 15.4.
    [[nodiscard]] int server_version() const noexcept { return db_.server_version(); }

private:
    void end_copy(detail::session& db) {
        db.sent(PQputCopyEnd(db.get(), nullptr), running_);
        db.flush(running_);
    }
    [[noreturn]] void fail() {
        streaming_ = false;
        db_.session().busy_with = {};
        db_.session().lost(running_);
    }

    connection db_;
    std::string statement_{};
    detail::call running_{};  ///< refers to statement_
    detail::result_handle pending_{};
    std::unique_ptr<char, detail::session::copy_row_deleter> bytes_{};
    wal_message message_{};
    bool streaming_ = false;
};

}  // namespace pgq::libpq
