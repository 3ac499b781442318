/// The calls of a connection that move COPY data.
#pragma once

#include <pgq/libpq/detail/collect.hpp>
#include <pgq/libpq/detail/session.hpp>
#include <pgq/libpq/quote.hpp>
#include <pgq/libpq/result.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq::detail {

class copying {
public:
    void begin(session& db, std::string_view sql) {
        statement_.assign(sql);
        running_ = start(db, PGRES_COPY_IN, "copy ... from stdin");
        buffer_.clear();
        db.busy_with = "a COPY";
        open_ = true;
    }

    void data(session& db, std::string_view bytes) {
        require_open(db);
        while (!bytes.empty()) {
            auto const part = bytes.substr(0, buffer_limit - buffer_.size());
            buffer_ += part;
            bytes.remove_prefix(part.size());
            if (buffer_.size() == buffer_limit) put(db);
        }
    }

    std::uint64_t end(session& db) {
        require_open(db);
        put(db);
        return result{finish(db, nullptr)}.affected();
    }

    void abort(session& db) noexcept {
        if (!open_) return;
        open_ = false;
        if (db.closed()) {
            db.busy_with = {};
            return;
        }
        db.begin_grace(running_);  // no cancel: the end of the data, with an error, makes the server stop
        db.abandon(running_);
    }

    template <class Sink> std::uint64_t out(session& db, std::string_view sql, Sink& sink) {
        statement_.assign(sql);
        running_ = start(db, PGRES_COPY_OUT, "copy ... to stdout");
        constexpr unsigned rows_between_clocks = 16;
        unsigned rows = 0;
        while (auto const row = db.next_copy_row(running_)) {
            if (running_.cut != interruption::none) continue;
            // The limit is for a server that says nothing, not for much data.
            if (++rows % rows_between_clocks == 0) running_.end = deadline_after(db.wanted.statement_timeout);
            db.busy_with = "a COPY";
            try {
                if (!pgq::detail::hand_to(sink, std::string_view{row.text.get(), row.size})) {
                    db.abandon(running_);
                    return 0;
                }
            } catch (...) {
                db.abandon(running_);
                throw;
            }
            db.busy_with = {};
        }
        return result{collect(db, running_)}.affected();
    }

private:
    static constexpr std::size_t buffer_limit = 64 * 1024;

    /// Sends the statement and checks that it is the kind of COPY wanted.
    call start(session& db, ExecStatusType kind, std::string_view form) {
        auto running = db.begin_call(statement_);
        refuse_zero_byte(statement_, "a statement");
        bool const doubt = std::exchange(running.in_doubt, false);
        db.sent(PQsendQuery(db.get(), statement_.c_str()), running);
        db.flush(running);
        auto const answer = db.next(running);
        if (!answer) db.lost(running);
        auto const status = PQresultStatus(answer.get());
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            while (db.next(running))
                continue;
            db.raise(answer.get(), running);
        }
        if (status != kind) {
            db.abandon(running);
            throw usage_error{"this call needs a \"" + std::string{form} + "\" statement"};
        }
        doubt_ = doubt;
        return running;
    }

    void require_open(session& db) {
        if (!open_) throw usage_error{"no COPY is open: call copy_begin() first"};
        if (db.closed()) {
            leave(db);
            db.lost(running_);
        }
        running_.end = deadline_after(db.wanted.statement_timeout);
        if (db.waits.stop_requested()) interrupt(db, interruption::stop);
    }

    /// Sends what is buffered. An answer that arrives meanwhile is an error; it is told when the COPY ends.
    void put(session& db) {
        if (buffer_.empty()) return;
        try {
            db.sent(PQputCopyData(db.get(), buffer_.data(), static_cast<int>(buffer_.size())), running_);
            buffer_.clear();
            db.flush(running_);
        } catch (...) {  // the session is closed by now
            leave(db);
            throw;
        }
        if (running_.cut != interruption::none) interrupt(db, running_.cut);
    }

    /// Makes the COPY fail and throws why.
    [[noreturn]] void interrupt(session& db, interruption why) {
        if (running_.cut == interruption::none) db.begin_grace(running_);
        running_.cut = why;
        finish(db, "the client was asked to stop");
        throw stopped{};
    }

    result_handle finish(session& db, char const* refusal) {
        try {
            if (refusal == nullptr) running_.in_doubt = doubt_;
            db.sent(PQputCopyEnd(db.get(), refusal), running_);
            auto answer = collect(db, running_);
            leave(db);
            return answer;
        } catch (...) {
            leave(db);
            throw;
        }
    }

    void leave(session& db) noexcept {
        open_ = false;
        db.busy_with = {};
    }

    std::string statement_{};
    std::string buffer_{};
    call running_{};  ///< refers to statement_
    bool open_ = false;
    bool doubt_ = false;
};

}  // namespace pgq::libpq::detail
