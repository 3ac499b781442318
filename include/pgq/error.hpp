/// The exceptions of the framework: one root that answers four questions, and a leaf for each catcher there is.
/// Not for verdicts about an event: those are values, see <pgq/outcome.hpp>.
#pragma once

#include <pgq/sqlstate.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace pgq {

/// What is known of a failure beside its message.
struct failure {
    sqlstate state{};                  ///< as reported by the server; "no state" otherwise
    bool connection_lost = false;      ///< the session is gone and must be opened anew
    bool transaction_aborted = false;  ///< the server refuses statements until rollback
    bool in_doubt = false;             ///< a COMMIT, or a statement outside a transaction, was sent and never answered
    std::string statement{};           ///< the text that was sent; never its parameters
    std::string context{};             ///< where the server says it happened
};

/// Root of all that the framework throws. Messages begin in lower case, have no final stop, and hold no secret.
class error : public std::runtime_error {
public:
    explicit error(std::string const& message);
    error(std::string const& message, failure facts);

    /// The server's SQLSTATE; empty when the failure is not the server's.
    [[nodiscard]] sqlstate state() const { return facts_.state; }
    /// True when the session is gone: only a new one can go on.
    [[nodiscard]] bool connection_lost() const { return facts_.connection_lost; }
    /// True when the open transaction takes nothing but a rollback.
    [[nodiscard]] bool transaction_aborted() const { return facts_.transaction_aborted; }
    /// True when nobody knows whether the transaction was committed: the answer to COMMIT did not come.
    [[nodiscard]] bool in_doubt() const { return facts_.in_doubt; }
    /// Called by whoever has rolled back to a savepoint while this error unwinds: statements work again.
    void transaction_restored() { facts_.transaction_aborted = false; }
    /// True when the same call may succeed later without anybody changing anything.
    [[nodiscard]] bool transient() const { return facts_.connection_lost || facts_.state.transient(); }
    [[nodiscard]] std::string const& statement() const { return facts_.statement; }
    [[nodiscard]] std::string const& context() const { return facts_.context; }

private:
    failure facts_{};
};

/// The server refused a statement.
class sql_error : public error {
    using error::error;
};
/// No session, or the session was lost.
class connection_error : public error {
    using error::error;
};
/// A payload or a column does not have the form that its reader needs.
class decode_error : public error {
    using error::error;
};
/// The server's answer makes no sense here: wrong columns, a missing row, an unexpected type.
class protocol_error : public error {
    using error::error;
};
/// The caller asked for something impossible: an unknown queue, a setting out of range, a call out of order.
class usage_error : public error {
    using error::error;
};
/// Another process with the same identity has taken over: what was begun here must not be finished here.
class fenced_error : public error {
    using error::error;
};
/// A wait ended because its stop token was triggered. Not a fault: it unwinds to whoever asked for the stop.
class stopped : public error {
public:
    stopped();
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/error.ipp>
#endif
