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

    [[gnu::cold]] void open();
    void close() noexcept { handle_.reset(); }

    [[nodiscard]] PGconn* get() const noexcept { return handle_.get(); }
    [[nodiscard]] bool closed() const noexcept { return !handle_ || PQstatus(handle_.get()) == CONNECTION_BAD; }
    [[nodiscard]] canceller const& cancel_key() const noexcept { return cancel_; }
    [[nodiscard]] PGTransactionStatusType state() const noexcept { return PQtransactionStatus(handle_.get()); }
    [[nodiscard]] bool in_transaction() const noexcept;

    /// A call that may begin now. @throws connection_error, usage_error, stopped
    [[nodiscard]] call begin_call(std::string_view statement, bool cleans_up = false);

    /// Throws unless libpq took the request.
    void sent(int accepted, call& running) {
        if (accepted != 1) lost(running);
    }

    /// Until everything has left. Reads meanwhile: a server that cannot send its answer would not read on.
    void flush(call& running);

    /// The next answer, null after the last one of a statement. @throws connection_error, stopped
    [[nodiscard]] result_handle next(call& running);

    /// Sleeps until the socket is ready. The first time that the deadline, the longest silence or a stop request comes
    /// first, the server is asked to cancel and gets a short time to answer; the second time the session is closed.
    /// After a silence it is closed at once if the statement would be in doubt: a COMMIT that waits for a synchronous
    /// standby takes a request to cancel for leave to go on without it.
    void await(int events, call& running);

    /// After the last answer. A request to cancel that is still on its way could hit the next statement.
    void settle(call const& running) {
        if (!running.cancel_taken) close();
    }

    /// Throws what a failed answer means for this call. `answer` is an error.
    [[noreturn, gnu::cold]] void raise(PGresult const* answer, call const& running);

    /// Reads and drops all that is left of a request. @throws connection_error, stopped
    [[gnu::cold]] void drain(call& running);

    /// From now on the call is only cleaning up.
    [[gnu::cold]] void begin_grace(call& running) const;

    /// Ends a request that nobody wants any more; the session is usable afterwards, or closed.
    [[gnu::cold]] void abandon(call& running) noexcept;

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
    [[noreturn, gnu::cold]] void lost(call const& running);

    /// Which limit has passed, for a call that was cut by one.
    [[nodiscard, gnu::cold]] std::string limit_text(call const& running, std::string_view what = "the statement") const;

    options wanted;
    waiter waits{};
    /// What an unfinished COPY, stream or pipeline calls itself; empty when statements may be sent.
    std::string_view busy_with{};

private:
    /// The server did not answer in time after all.
    [[noreturn, gnu::cold]] void end_early(call const& running);

    [[gnu::cold]] static void hand_on(void* self, PGresult const* message) noexcept;

    std::string conninfo_;
    connection_handle handle_{};
    canceller cancel_{};
    bool in_block_ = false;
};

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/session.ipp>
#endif
