// Bodies of <pgq/libpq/detail/session.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/session.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE void session::open() {
    handle_ = connect(conninfo_, wanted, waits);
    PQsetErrorVerbosity(handle_.get(), PQERRORS_DEFAULT);
    PQsetnonblocking(handle_.get(), 1);
    PQsetNoticeReceiver(handle_.get(), &session::hand_on, this);
    cancel_ = canceller{handle_.get()};
    busy_with = {};
    in_block_ = false;
}

PGQ_INLINE bool session::in_transaction() const noexcept {
    if (closed()) return false;
    auto const now = state();
    return now == PQTRANS_INTRANS || now == PQTRANS_INERROR || (now == PQTRANS_ACTIVE && in_block_);
}

PGQ_INLINE call session::begin_call(std::string_view statement, bool cleans_up) {
    if (!busy_with.empty()) {
        throw usage_error{"the session is busy with " + std::string{busy_with} + ": finish that first"};
    }
    bool const stopping = waits.stop_requested();
    if (stopping && !cleans_up) throw stopped{};
    if (closed()) {
        close();
        throw connection_error{
            "the session is closed: reconnect with reset()",
            {.state = sqlstate{"08003"}, .connection_lost = true, .statement = std::string{statement}}};
    }
    in_block_ = state() != PQTRANS_IDLE;
    call out{.statement = statement, .end = deadline_after(wanted.statement_timeout), .in_doubt = !in_block_};
    if (cleans_up) {
        out.heed_stop = !stopping;
        out.cancels = false;
        if (stopping) out.cut = interruption::stop;
        auto const latest = std::chrono::steady_clock::now() + (stopping ? stop_grace : cleanup_limit);
        if (latest < out.end) out.end = latest;
    }
    return out;
}

PGQ_INLINE void session::flush(call& running) {
    for (;;) {
        int const left = PQflush(get());
        if (left == 0) return;
        if (left < 0) lost(running);
        await(POLLIN | POLLOUT, running);
        if (PQconsumeInput(get()) == 0) lost(running);
    }
}

PGQ_INLINE result_handle session::next(call& running) {
    while (PQisBusy(get()) != 0) {
        await(POLLIN, running);
        if (PQconsumeInput(get()) == 0) break;
    }
    return result_handle{PQgetResult(get())};
}

PGQ_INLINE void session::await(int events, call& running) {
    auto const quiet_end = running.cut == interruption::none ? deadline_after(wanted.longest_silence) : never;
    bool const silence = quiet_end < running.end;
    auto const woken = waits.wait(PQsocket(get()), events, silence ? quiet_end : running.end, running.heed_stop);
    if (woken == wake::ready) return;
    bool const stopping = woken == wake::stop;
    if (!stopping && running.cut != interruption::none) end_early(running);
    bool const fresh = running.cut == interruption::none;
    running.cut = stopping ? interruption::stop : silence ? interruption::silence : interruption::deadline;
    if (running.cut == interruption::silence && running.in_doubt) end_early(running);
    auto grace = stopping ? stop_grace : deadline_grace;
    if (silence && wanted.longest_silence < grace) grace = wanted.longest_silence;
    running.end = std::chrono::steady_clock::now() + grace;
    if (stopping) running.heed_stop = false;
    if (running.cancels && fresh) running.cancel_taken = cancel_.request(running.end);
}

PGQ_INLINE void session::raise(PGresult const* answer, call const& running) {
    bool const gone = closed();
    bool const cancelled = diagnostic(answer, PG_DIAG_SQLSTATE) == "57014";
    if (cancelled && running.cut == interruption::stop) {
        settle(running);
        throw stopped{};
    }
    if (gone) {
        // An error that is not fatal is an answer, and one that tells that nothing was done.
        bool const refused = diagnostic(answer, PG_DIAG_SEVERITY_NONLOCALIZED) == "ERROR";
        close();
        throw session_lost(answer, "", running.statement, running.in_doubt && !refused);
    }
    auto facts = failure_of(answer, running.statement);
    facts.transaction_aborted = state() == PQTRANS_INERROR;
    settle(running);
    if (cancelled && running.cut != interruption::none) throw sql_error{limit_text(running), std::move(facts)};
    throw sql_error{message_of(answer), std::move(facts)};
}

PGQ_INLINE void session::drain(call& running) {
    while (auto const answer = next(running)) {
        auto const status = PQresultStatus(answer.get());
        if (status == PGRES_COPY_IN) {
            sent(PQputCopyEnd(get(), "the client gave up"), running);
            flush(running);
        } else if (status == PGRES_COPY_OUT) {
            while (next_copy_row(running))
                continue;
        } else if (status == PGRES_COPY_BOTH) {
            return close();
        }
    }
    settle(running);
}

PGQ_INLINE void session::begin_grace(call& running) const {
    running.end = std::chrono::steady_clock::now() + (waits.stop_requested() ? stop_grace : deadline_grace);
    running.heed_stop = !waits.stop_requested();
    running.cut = interruption::stop;
}

PGQ_INLINE void session::abandon(call& running) noexcept {
    try {
        if (running.cut == interruption::none) {
            begin_grace(running);
            running.cancel_taken = cancel_.request(running.end);
        }
        drain(running);
    } catch (...) {  // abandoning is itself how a failure is handled: a closed session says enough
        close();
    }
    busy_with = {};
}

PGQ_INLINE void session::lost(call const& running) {
    auto const end = std::chrono::steady_clock::now() + stop_grace;
    result_handle words;
    while (!closed() && PQisBusy(get()) != 0) {
        if (waits.wait(PQsocket(get()), POLLIN, end, false) != wake::ready || PQconsumeInput(get()) == 0) break;
    }
    std::string const reason{get() == nullptr ? "" : PQerrorMessage(get())};
    if (get() != nullptr && (closed() || PQisBusy(get()) == 0)) words.reset(PQgetResult(get()));
    if (words && diagnostic(words.get(), PG_DIAG_SQLSTATE).empty()) words.reset();
    close();
    throw session_lost(words.get(), reason, running.statement, running.in_doubt);
}

PGQ_INLINE void session::end_early(call const& running) {
    close();
    if (running.cut == interruption::stop && !running.commits) throw stopped{};
    auto why = running.cut == interruption::stop ? std::string{"a stop was requested before the answer came"}
                                                 : limit_text(running);
    if (running.cut == interruption::deadline) why += ", and the server did not take the cancel request";
    throw session_lost(nullptr, why, running.statement, running.in_doubt);
}

PGQ_INLINE std::string session::limit_text(call const& running, std::string_view what) const {
    if (running.cut == interruption::silence) {
        return "the server said nothing for " + std::to_string(wanted.longest_silence.count()) + " ms";
    }
    return std::string{what} + " took longer than " + std::to_string(wanted.statement_timeout.count()) + " ms";
}

PGQ_INLINE void session::hand_on(void* self, PGresult const* message) noexcept {
    static_cast<session*>(self)->wanted.notices({.severity = diagnostic(message, PG_DIAG_SEVERITY_NONLOCALIZED),
                                                 .state = sqlstate{diagnostic(message, PG_DIAG_SQLSTATE)},
                                                 .message = diagnostic(message, PG_DIAG_MESSAGE_PRIMARY),
                                                 .detail = diagnostic(message, PG_DIAG_MESSAGE_DETAIL),
                                                 .hint = diagnostic(message, PG_DIAG_MESSAGE_HINT)});
}

}  // namespace pgq::libpq::detail
