/// A transaction that lasts as long as a scope.
#pragma once

#include <pgq/libpq/options.hpp>
#include <pgq/transport.hpp>

#include <exception>

namespace pgq::libpq {

/// Begins on construction. Unless commit() was called, rolls back on destruction, whatever that takes: a session that
/// cannot even roll back is closed by it, and the server rolls back.
template <transactional Db> class transaction {
public:
    explicit transaction(Db& db) : db_{db} { db_.begin(); }

    transaction(Db& db, isolation level)
        requires requires { db.begin(level); }
        : db_{db} {
        db_.begin(level);
    }

    transaction(transaction const&) = delete;
    transaction& operator=(transaction const&) = delete;

    ~transaction() {
        if (!open_) return;
        try {
            db_.rollback();
        } catch (std::exception const&) {  // lost or closed: the server has rolled back
            return;
        }
    }

    /// @throws sql_error, connection_error (look at `in_doubt`), stopped (then it is not committed)
    void commit() {
        db_.commit();  // when it throws, the destructor rolls back what may still be open
        open_ = false;
    }

    /// Ends it now, without effect.
    void rollback() {
        open_ = false;
        db_.rollback();
    }

private:
    Db& db_;
    bool open_ = true;
};

}  // namespace pgq::libpq
