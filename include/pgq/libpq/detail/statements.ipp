// Bodies of <pgq/libpq/detail/statements.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/statements.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE result_handle statements::execute(session& db, std::string_view sql, std::span<parameter const> values,
                                             result_format format) {
    auto running = db.begin_call(sql);
    refuse_zero_byte(sql, "a statement");
    arguments_.assign(values);
    text_.assign(sql);
    if (values.empty() && format == result_format::text) {
        db.sent(PQsendQuery(db.get(), text_.c_str()), running);
        return collect(db, running);
    }
    if (db.wanted.prepare_statements && !values.empty() && db.state() != PQTRANS_INERROR) {
        if (auto const* const name = prepared_name(db, running)) {
            send_prepared(db, running, *name, format);
            try {
                return collect(db, running);
            } catch (sql_error const& failed) {
                if (!cache_.outdated(failed.state())) throw;
                cache_.forget(text_);
                if (db.closed() || db.state() != PQTRANS_IDLE) throw;  // else nothing was done, and it may run again
            }
        }
    }
    send_unnamed(db, running, format);
    return collect(db, running);
}

PGQ_INLINE void statements::prepare(session& db, std::string_view name, std::string_view sql) {
    auto running = db.begin_call(sql);
    refuse_zero_byte(sql, "a statement");
    refuse_zero_byte(name, "a statement's name");
    send_prepare(db, running, std::string{name}, std::string{sql}, {});
}

PGQ_INLINE result_handle statements::execute_prepared(session& db, std::string_view name,
                                                      std::span<parameter const> values, result_format format) {
    auto running = db.begin_call(name);
    refuse_zero_byte(name, "a statement's name");
    arguments_.assign(values);
    text_.assign(name);
    send_prepared(db, running, text_, format);
    return collect(db, running);
}

PGQ_INLINE void statements::begin(session& db, isolation level) {
    std::string_view sql = "begin";
    if (level == isolation::read_committed) sql = "begin isolation level read committed";
    if (level == isolation::repeatable_read) sql = "begin isolation level repeatable read";
    if (level == isolation::serializable) sql = "begin isolation level serializable";
    auto running = db.begin_call(sql);
    if (db.in_transaction()) throw usage_error{"a transaction is open already: commit it or roll it back first"};
    running.in_doubt = false;
    control(db, running);
}

PGQ_INLINE void statements::commit(session& db) {
    auto running = db.begin_call("commit");
    if (!db.in_transaction()) throw usage_error{"no transaction is open that could be committed"};
    running.in_doubt = true;
    running.commits = true;
    auto const answer = control(db, running);
    if (std::string_view{PQcmdStatus(answer.get())} == "ROLLBACK") {
        throw sql_error{"the transaction had failed and was rolled back instead of committed",
                        {.state = sqlstate{"25P02"}, .statement = "commit"}};
    }
}

PGQ_INLINE void statements::rollback(session& db) {
    if (!db.in_transaction()) return;
    auto running = db.begin_call("rollback", true);
    try {
        control(db, running);
    } catch (stopped const&) {  // the session was closed instead, and that rolls back as well
        return;
    }
}

PGQ_INLINE std::optional<notification> statements::wait_notification(session& db, instant end) {
    auto running = db.begin_call("listen");
    running.in_doubt = false;
    for (;;) {
        if (auto found = taken(db)) return found;
        if (PQconsumeInput(db.get()) == 0) db.lost(running);
        if (auto found = taken(db)) return found;
        auto const woken = db.waits.wait(PQsocket(db.get()), POLLIN, end);
        if (woken == wake::stop) throw stopped{};
        if (woken == wake::deadline) return std::nullopt;
    }
}

PGQ_INLINE std::optional<notification> statements::taken(session& db) {
    struct deleter {
        void operator()(PGnotify* message) const noexcept { PQfreemem(message); }
    };
    std::unique_ptr<PGnotify, deleter> const message{PQnotifies(db.get())};
    if (!message) return std::nullopt;
    return notification{.channel = message->relname, .payload = message->extra};
}

PGQ_INLINE result_handle statements::control(session& db, call& running) {
    text_.assign(running.statement);
    db.sent(PQsendQuery(db.get(), text_.c_str()), running);
    return collect(db, running);
}

PGQ_INLINE void statements::send_unnamed(session& db, call& running, result_format format) {
    db.sent(PQsendQueryParams(db.get(), text_.c_str(), arguments_.count(), arguments_.types(), arguments_.values(),
                              arguments_.lengths(), arguments_.formats(), format == result_format::binary ? 1 : 0),
            running);
}

PGQ_INLINE void statements::send_prepared(session& db, call& running, std::string const& name, result_format format) {
    db.sent(PQsendQueryPrepared(db.get(), name.c_str(), arguments_.count(), arguments_.values(), arguments_.lengths(),
                                arguments_.formats(), format == result_format::binary ? 1 : 0),
            running);
}

PGQ_INLINE void statements::send_prepare(session& db, call& running, std::string const& name, std::string const& sql,
                                         std::vector<Oid> const& types) {
    bool const doubt = std::exchange(running.in_doubt, false);
    db.sent(PQsendPrepare(db.get(), name.c_str(), sql.c_str(), static_cast<int>(types.size()), types.data()), running);
    collect(db, running);
    running.in_doubt = doubt;
}

PGQ_INLINE std::string const* statements::prepared_name(session& db, call& running) {
    auto& entry = cache_.use(text_, arguments_.type_list());
    if (entry.uses < 2) return nullptr;
    if (entry.name.empty()) {
        auto const name = cache_.next_name();
        send_prepare(db, running, name, entry.sql, entry.types);
        entry.name = name;
    }
    return &entry.name;
}

}  // namespace pgq::libpq::detail
