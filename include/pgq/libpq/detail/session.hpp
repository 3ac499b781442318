/// One libpq session driven without blocking: sending, receiving, and ending a call early.
#pragma once

#include <pgq/libpq/cancel.hpp>
#include <pgq/libpq/detail/call.hpp>
#include <pgq/libpq/detail/connect.hpp>
#include <pgq/libpq/detail/failure.hpp>
#include <pgq/libpq/detail/wait.hpp>
#include <pgq/libpq/options.hpp>
#include <pgq/libpq/result.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq::detail {

/// Owns the libpq session. Stays at one address: libpq keeps a pointer to it for notices.
class session {
public:
    session(std::string conninfo, options given) : wanted{std::move(given)}, conninfo_{std::move(conninfo)} {
        waits.watch(wanted.stop);
        open();
    }
    session(session const&) = delete;
    session& operator=(session const&) = delete;

    [[gnu::cold]] void open() {
        handle_ = connect(conninfo_, wanted, waits);
        PQsetErrorVerbosity(handle_.get(), PQERRORS_DEFAULT);
        PQsetnonblocking(handle_.get(), 1);
        PQsetNoticeReceiver(handle_.get(), &session::hand_on, this);
        cancel_ = canceller{handle_.get()};
        busy_with = {};
        in_block_ = false;
    }
    void close() noexcept { handle_.reset(); }

    [[nodiscard]] PGconn* get() const noexcept { return handle_.get(); }
    [[nodiscard]] bool closed() const noexcept { return !handle_ || PQstatus(handle_.get()) == CONNECTION_BAD; }
    [[nodiscard]] canceller const& cancel_key() const noexcept { return cancel_; }
    [[nodiscard]] PGTransactionStatusType state() const noexcept { return PQtransactionStatus(handle_.get()); }
    [[nodiscard]] bool in_transaction() const noexcept {
        if (closed()) return false;
        auto const now = state();
        return now == PQTRANS_INTRANS || now == PQTRANS_INERROR || (now == PQTRANS_ACTIVE && in_block_);
    }

    /// A call that may begin now. @throws connection_error, usage_error, stopped
    [[nodiscard]] call begin_call(std::string_view statement, bool cleans_up = false) {
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

    /// Throws unless libpq took the request.
    void sent(int accepted, call& running) {
        if (accepted != 1) lost(running);
    }

    /// Until everything has left. Reads meanwhile: a server that cannot send its answer would not read on.
    void flush(call& running) {
        for (;;) {
            int const left = PQflush(get());
            if (left == 0) return;
            if (left < 0) lost(running);
            await(POLLIN | POLLOUT, running);
            if (PQconsumeInput(get()) == 0) lost(running);
        }
    }

    /// The next answer, null after the last one of a statement. @throws connection_error, stopped
    [[nodiscard]] result_handle next(call& running) {
        while (PQisBusy(get()) != 0) {
            await(POLLIN, running);
            if (PQconsumeInput(get()) == 0) break;
        }
        return result_handle{PQgetResult(get())};
    }

    /// Sleeps until the socket is ready. The first time that the deadline or a stop request comes first, the server is
    /// asked to cancel and gets a short time to answer; the second time the session is closed.
    void await(int events, call& running) {
        auto const woken = waits.wait(PQsocket(get()), events, running.end, running.heed_stop);
        if (woken == wake::ready) return;
        bool const stopping = woken == wake::stop;
        if (!stopping && running.cut != interruption::none) end_early(running);
        auto const now = std::chrono::steady_clock::now();
        running.end = now + (stopping ? stop_grace : deadline_grace);
        if (stopping) running.heed_stop = false;
        if (running.cancels && running.cut == interruption::none) running.cancel_taken = cancel_.request(running.end);
        running.cut = stopping ? interruption::stop : interruption::deadline;
    }

    /// After the last answer. A request to cancel that is still on its way could hit the next statement.
    void settle(call const& running) {
        if (!running.cancel_taken) close();
    }

    /// Throws what a failed answer means for this call. `answer` is an error.
    [[noreturn, gnu::cold]] void raise(PGresult const* answer, call const& running) {
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
        if (cancelled && running.cut == interruption::deadline) throw sql_error{timeout_text(), std::move(facts)};
        throw sql_error{message_of(answer), std::move(facts)};
    }

    /// Reads and drops all that is left of a request. @throws connection_error, stopped
    [[gnu::cold]] void drain(call& running) {
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

    /// From now on the call is only cleaning up.
    [[gnu::cold]] void begin_grace(call& running) const {
        running.end = std::chrono::steady_clock::now() + (waits.stop_requested() ? stop_grace : deadline_grace);
        running.heed_stop = !waits.stop_requested();
        running.cut = interruption::stop;
    }

    /// Ends a request that nobody wants any more; the session is usable afterwards, or closed.
    [[gnu::cold]] void abandon(call& running) noexcept {
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

    struct copy_row_deleter {
        void operator()(char* row) const noexcept { PQfreemem(row); }
    };
    /// A piece of COPY data; `text` is null at the end.
    struct copy_row {
        std::unique_ptr<char, copy_row_deleter> text{};
        std::size_t size = 0;
        explicit operator bool() const { return text != nullptr; }
    };
    [[nodiscard]] copy_row next_copy_row(call& running) {
        for (;;) {
            char* row = nullptr;
            int const size = PQgetCopyData(get(), &row, 1);
            if (size > 0) return {std::unique_ptr<char, copy_row_deleter>{row}, static_cast<std::size_t>(size)};
            if (size < 0) return {};  // the end, or an error that the next answer tells of
            await(POLLIN, running);
            if (PQconsumeInput(get()) == 0) lost(running);
        }
    }

    /// Closes what is lost and throws, with the server's last words if it had any.
    [[noreturn, gnu::cold]] void lost(call const& running) {
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

    options wanted;
    waiter waits{};
    /// What an unfinished COPY, stream or pipeline calls itself; empty when statements may be sent.
    std::string_view busy_with{};

private:
    /// The server did not answer in time after all.
    [[noreturn, gnu::cold]] void end_early(call const& running) {
        close();
        if (running.cut == interruption::stop && !running.commits) throw stopped{};
        auto const why = running.cut == interruption::stop
                             ? std::string{"a stop was requested before the answer came"}
                             : timeout_text() + ", and the server did not take the cancel request";
        throw session_lost(nullptr, why, running.statement, running.in_doubt);
    }

    [[nodiscard]] std::string timeout_text() const {
        return "the statement took longer than " + std::to_string(wanted.statement_timeout.count()) + " ms";
    }

    [[gnu::cold]] static void hand_on(void* self, PGresult const* message) noexcept {
        static_cast<session*>(self)->wanted.notices({.severity = diagnostic(message, PG_DIAG_SEVERITY_NONLOCALIZED),
                                                     .state = sqlstate{diagnostic(message, PG_DIAG_SQLSTATE)},
                                                     .message = diagnostic(message, PG_DIAG_MESSAGE_PRIMARY),
                                                     .detail = diagnostic(message, PG_DIAG_MESSAGE_DETAIL),
                                                     .hint = diagnostic(message, PG_DIAG_MESSAGE_HINT)});
    }

    std::string conninfo_;
    connection_handle handle_{};
    canceller cancel_{};
    bool in_block_ = false;
};

}  // namespace pgq::libpq::detail
