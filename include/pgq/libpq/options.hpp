/// How a session is opened and how long its calls may take.
#pragma once

#include <pgq/libpq/notice.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <stop_token>
#include <string>

namespace pgq::libpq {

/// Text or binary: see `<pgq/transport.hpp>`.
using pgq::result_format;

/// Isolation of a transaction. `unspecified` leaves it to the session's default_transaction_isolation.
enum class isolation { unspecified, read_committed, repeatable_read, serializable };

/// Options of a connection.
struct options {
    /// Ends every wait of the session within 100 ms.
    std::stop_token stop{};
    /// For each host in turn. Zero waits for ever. Looking up a host name blocks inside the resolver and is not
    /// covered.
    std::chrono::milliseconds connect_timeout{10'000};
    /// Kept by the client, for each call: the statement is cancelled when it passes. Zero is no limit. While rows of a
    /// COPY arrive it begins anew.
    std::chrono::milliseconds statement_timeout{0};
    /// How long the server may say nothing while a call waits for it; each piece of an answer begins it anew. When it
    /// passes, a statement whose effect would stay in doubt is left alone and the session is closed; any other is
    /// cancelled, and the session closed unless the server obeys within as much again, or two seconds if that is less.
    /// Zero waits for ever. Waiting for a notification is not counted.
    std::chrono::milliseconds longest_silence{0};
    /// Shown in pg_stat_activity. Empty leaves what the connection string or PGAPPNAME says.
    std::string application_name{};
    /// Prepares statements with parameters when they come a second time. Leave it off behind a pooler that hands the
    /// server session to others between transactions.
    bool prepare_statements = false;
    /// Receives notices and warnings.
    notice_sink notices{};
};

}  // namespace pgq::libpq
