/// Rows of a query in portions, so that memory is bounded by the portion.
#pragma once

#include <pgq/libpq/quote.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace pgq::libpq {

/// Declared on construction, inside a transaction, which must outlive it; the server forgets it at its end.
template <transactional Db> class cursor {
public:
    /// @throws usage_error when no transaction is open
    cursor(Db& db, std::string_view query, std::span<parameter const> values = {}, std::string_view name = "pgq_cursor")
        : db_{db}, name_{identifier(name)} {
        if (!db_.in_transaction()) throw usage_error{"a cursor needs a transaction: begin one first"};
        db_.execute("declare " + name_ + " no scroll cursor for " + std::string{query}, values);
    }

    cursor(cursor const&) = delete;
    cursor& operator=(cursor const&) = delete;

    ~cursor() {
        if (!open_) return;
        try {
            close();
        } catch (std::exception const&) {  // the transaction failed, and the cursor with it
            return;
        }
    }

    /// The next rows, at most `rows`; fewer only at the end, after which it gives none.
    auto fetch(std::size_t rows) { return db_.execute("fetch forward " + std::to_string(rows) + " from " + name_, {}); }

    /// Gives the server's memory back before the transaction ends. The destructor does it too, and says nothing when
    /// that fails.
    /// @throws sql_error, connection_error, stopped
    void close() {
        open_ = false;
        if (db_.in_transaction()) db_.execute("close " + name_, {});
    }

private:
    Db& db_;
    std::string name_;
    bool open_ = true;
};

}  // namespace pgq::libpq
