// Bodies of <pgq/libpq/detail/copying.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/copying.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE void copying::begin(session& db, std::string_view sql) {
    statement_.assign(sql);
    running_ = start(db, PGRES_COPY_IN, "copy ... from stdin");
    buffer_.clear();
    db.busy_with = "a COPY";
    open_ = true;
    lifted_ = lift_user_timeout(db.get());
}

PGQ_INLINE std::uint64_t copying::end(session& db) {
    require_open(db);
    put(db);
    return result{finish(db, nullptr)}.affected();
}

PGQ_INLINE void copying::abort(session& db) noexcept {
    if (!open_) return;
    if (!db.closed()) {
        db.begin_grace(running_);  // no cancel: the end of the data, with an error, makes the server stop
        db.abandon(running_);
    }
    leave(db);
}

PGQ_INLINE call copying::start(session& db, ExecStatusType kind, std::string_view form) {
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

PGQ_INLINE void copying::require_open(session& db) {
    if (!open_) throw usage_error{"no COPY is open: call copy_begin() first"};
    if (db.closed()) {
        leave(db);
        db.lost(running_);
    }
    running_.end = deadline_after(db.wanted.statement_timeout);
    if (db.waits.stop_requested()) interrupt(db, interruption::stop);
}

PGQ_INLINE void copying::put(session& db) {
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

PGQ_INLINE void copying::interrupt(session& db, interruption why) {
    if (running_.cut == interruption::none) db.begin_grace(running_);
    running_.cut = why;
    finish(db, "the client was asked to stop");
    throw stopped{};
}

PGQ_INLINE result_handle copying::finish(session& db, char const* refusal) {
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

}  // namespace pgq::libpq::detail
