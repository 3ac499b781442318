/// A session with a PostgreSQL server. The model of <pgq/transport.hpp> for real servers.
/// No call blocks without a limit: a stop request ends any wait within 100 ms, a statement_timeout sooner or later.
/// Looking up a host name is the exception: it blocks inside the system's resolver (write hostaddr= to avoid it).
#pragma once

#include <pgq/libpq/detail/arguments.hpp>
#include <pgq/libpq/detail/copying.hpp>
#include <pgq/libpq/detail/session.hpp>
#include <pgq/libpq/detail/statements.hpp>
#include <pgq/libpq/options.hpp>
#include <pgq/libpq/quote.hpp>
#include <pgq/libpq/result.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq {

/// Move-only; closes on destruction, upon which the server rolls an open transaction back. One thread at a time.
///
/// Every call throws: sql_error when the server refuses; connection_error when the session is lost, with `in_doubt`
/// when the loss leaves open whether a statement outside a transaction, or a COMMIT, took effect; usage_error for calls
/// out of order; stopped when a stop request came first. On a stop the running statement is cancelled. A server that
/// answers within the 100 ms leaves the session usable, under another stop token; otherwise the session is closed. A
/// statement that finished in spite of the request returns normally, so that nothing done goes unreported.
class connection {
public:
    /// `conninfo`: keywords or a URI, with services, several hosts and target_session_attrs as libpq knows them.
    /// The client encoding is UTF-8 unless it says otherwise. A host that vanishes is noticed by TCP after two minutes
    /// unless it names any of keepalives, keepalives_idle, keepalives_interval, keepalives_count and tcp_user_timeout.
    /// @throws connection_error, usage_error, stopped
    explicit connection(std::string const& conninfo, options wanted = {});
    connection(connection&& other) noexcept;
    connection& operator=(connection&& other) noexcept;
    ~connection();

    /// Runs one statement, or several separated by semicolons when there are no values and the format is text; the
    /// answer is then the last one's.
    result execute(std::string_view sql, std::span<parameter const> values = {},
                   result_format format = result_format::text) {
        return result{state_->statements.execute(state_->session, sql, values, format)};
    }

    /// Prepares `sql` under `name` for this session.
    void prepare(std::string_view name, std::string_view sql) {
        state_->statements.prepare(state_->session, name, sql);
    }

    /// Runs a statement that prepare() made, with its parameters; columns come back as `format` says.
    /// @throws sql_error, connection_error, stopped
    result execute_prepared(std::string_view name, std::span<parameter const> values = {},
                            result_format format = result_format::text) {
        return result{state_->statements.execute_prepared(state_->session, name, values, format)};
    }

    /// Calls `sink(row)` with a result of one row for each row as it arrives: memory is bounded by the largest row.
    /// The session takes no other call meanwhile. When `sink` returns false or throws, the statement is cancelled.
    /// @return rows handed to `sink`
    template <class Sink>
    std::size_t stream(std::string_view sql, std::span<parameter const> values, Sink&& sink,
                       result_format format = result_format::text) {
        return state_->statements.stream(state_->session, sql, values, sink, format);
    }

    /// @throws usage_error when a transaction is open
    void begin(isolation level = isolation::unspecified) { state_->statements.begin(state_->session, level); }
    /// @throws sql_error also when the transaction had failed and the server rolled it back instead
    void commit() { state_->statements.commit(state_->session); }
    /// Works after a stop request too, upon which a server that does not answer at once makes it close the session.
    /// Nothing happens when no transaction is open.
    void rollback() {
        state_->copying.abort(state_->session);
        state_->statements.rollback(state_->session);
    }
    /// The server's own state; false once the session is lost.
    [[nodiscard]] bool in_transaction() const noexcept { return state_->session.in_transaction(); }

    /// Starts `copy ... from stdin`. Only copy_data, copy_end and copy_abort may follow.
    void copy_begin(std::string_view sql) { state_->copying.begin(state_->session, sql); }
    /// Bytes in the form that the COPY statement names, cut anywhere. Buffers 64 KiB and waits while the server is
    /// slow.
    void copy_data(std::string_view bytes) { state_->copying.data(state_->session, bytes); }
    /// @return rows stored
    std::uint64_t copy_end() { return state_->copying.end(state_->session); }
    /// Drops the COPY; nothing happens when none is open. Works after a stop request too.
    void copy_abort() noexcept { state_->copying.abort(state_->session); }

    /// Runs `copy ... to stdout` and calls `sink(std::string_view)` for each row with its line end, or binary piece.
    /// When `sink` throws, the COPY is cancelled. @return rows
    template <class Sink> std::uint64_t copy_out(std::string_view sql, Sink&& sink) {
        return state_->copying.out(state_->session, sql, sink);
    }

    /// Inside a transaction it counts from the commit on. Forgotten by reset().
    void listen(std::string_view channel) { execute("listen " + identifier(channel)); }
    void unlisten(std::string_view channel) { execute("unlisten " + identifier(channel)); }
    /// The oldest message not yet taken; nothing when `end` passes first. Messages come between transactions only.
    std::optional<notification> wait_notification(std::chrono::steady_clock::time_point end) {
        return state_->statements.wait_notification(state_->session, end);
    }

    /// To be watched by poll(2) for what the server says by itself; -1 when closed. Not for reading or writing.
    [[nodiscard]] int socket() const noexcept { return closed() ? -1 : PQsocket(state_->session.get()); }

    /// Asks the server to cancel what the session runs, and waits a second for it to have been told.
    bool cancel() const;
    /// A handle that cancels from other threads.
    [[nodiscard]] canceller cancel_key() const { return state_->session.cancel_key(); }

    /// True once the session is known to be lost or closed; an idle session that dies is noticed by the next call.
    [[nodiscard]] bool closed() const noexcept { return state_->session.closed(); }
    /// Ends the session.
    void close() noexcept { state_->session.close(); }
    /// Ends the session and opens a new one with the same settings; nothing else is carried over.
    void reset();

    /// Process on the server; 0 when closed.
    [[nodiscard]] int backend_pid() const noexcept { return closed() ? 0 : PQbackendPID(state_->session.get()); }
    /// True when a pooler stands between: another server process answers than the one that the session was opened with.
    /// It may answer from another one after each transaction. Asks the server, once for each session.
    [[nodiscard]] bool pooled();
    /// For example 150004 for 15.4; 0 when closed.
    [[nodiscard]] int server_version() const noexcept { return closed() ? 0 : PQserverVersion(state_->session.get()); }
    /// A setting that the server reports by itself, such as "TimeZone"; nothing for others.
    [[nodiscard]] std::optional<std::string> parameter_status(std::string const& name) const;

    /// From now on this token ends waits; an empty one lets a session that was stopped be used again.
    void stop_token(std::stop_token token) { state_->session.waits.watch(std::move(token)); }
    [[nodiscard]] bool stop_requested() const noexcept { return state_->session.waits.stop_requested(); }
    /// Zero is no limit.
    void statement_timeout(std::chrono::milliseconds limit) noexcept {
        state_->session.wanted.statement_timeout = limit;
    }
    /// See options.
    void longest_silence(std::chrono::milliseconds limit) noexcept { state_->session.wanted.longest_silence = limit; }
    [[nodiscard]] std::chrono::milliseconds longest_silence() const noexcept {
        return state_->session.wanted.longest_silence;
    }
    /// See options; what is prepared already stays prepared, unused.
    void prepare_statements(bool wanted) noexcept { state_->session.wanted.prepare_statements = wanted; }
    /// Receives notices from now on.
    void notices(notice_sink sink) { state_->session.wanted.notices = std::move(sink); }

    /// For the other headers of this folder.
    [[nodiscard]] detail::session& session() noexcept { return state_->session; }

private:
    struct state {  // on the heap: libpq and an open COPY keep pointers into it
        state(std::string conninfo, options wanted);

        detail::session session;
        detail::statements statements{};
        detail::copying copying{};
        std::optional<bool> pooled{};
    };

    std::unique_ptr<state> state_;
};

static_assert(transactional<connection> && copy_target<connection> && pollable<connection> && impatient<connection>);

}  // namespace pgq::libpq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/connection.ipp>
#endif
