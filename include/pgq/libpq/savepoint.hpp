/// A part of a transaction that can fail alone.
#pragma once

#include <pgq/libpq/quote.hpp>
#include <pgq/transport.hpp>

#include <exception>
#include <string>
#include <string_view>

namespace pgq::libpq {

/// Set on construction, inside a transaction. Unless release() was called, everything since is undone on destruction,
/// which also lets a transaction go on in which a statement failed.
template <transactional Db> class savepoint {
public:
    explicit savepoint(Db& db, std::string_view name = "pgq_savepoint") : db_{db}, name_{identifier(name)} {
        db_.execute("savepoint " + name_, {});
    }

    savepoint(savepoint const&) = delete;
    savepoint& operator=(savepoint const&) = delete;

    ~savepoint() {
        if (!open_) return;
        try {
            rollback();
        } catch (std::exception const&) {  // the transaction is lost as a whole, as its owner will find
            return;
        }
    }

    /// Keeps what was done since.
    void release() {
        db_.execute("release savepoint " + name_, {});
        open_ = false;
    }

    /// Undoes what was done since. The savepoint is gone afterwards.
    void rollback() {
        if (!db_.in_transaction()) {
            open_ = false;
            return;
        }
        db_.execute("rollback to savepoint " + name_ + "; release savepoint " + name_, {});
        open_ = false;
    }

private:
    Db& db_;
    std::string name_;
    bool open_ = true;
};

}  // namespace pgq::libpq
