/// The calls of a connection that send statements and read their answers.
#pragma once

#include <pgq/libpq/detail/arguments.hpp>
#include <pgq/libpq/detail/collect.hpp>
#include <pgq/libpq/detail/prepared.hpp>
#include <pgq/libpq/detail/session.hpp>
#include <pgq/libpq/options.hpp>
#include <pgq/libpq/quote.hpp>
#include <pgq/libpq/result.hpp>
#include <pgq/transport.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::libpq::detail {

class statements {
public:
    result_handle execute(session& db, std::string_view sql, std::span<parameter const> values, result_format format);

    void prepare(session& db, std::string_view name, std::string_view sql);

    result_handle execute_prepared(session& db, std::string_view name, std::span<parameter const> values,
                                   result_format format);

    template <class Sink>
    std::size_t stream(session& db, std::string_view sql, std::span<parameter const> values, Sink& sink,
                       result_format format) {
        auto running = db.begin_call(sql);
        refuse_zero_byte(sql, "a statement");
        arguments_.assign(values);
        text_.assign(sql);
        send_unnamed(db, running, format);
        PQsetSingleRowMode(db.get());
        db.flush(running);
        std::size_t rows = 0;
        for (;;) {
            auto answer = db.next(running);
            if (!answer) break;
            auto const status = PQresultStatus(answer.get());
            if (status == PGRES_SINGLE_TUPLE) {
                if (running.cut != interruption::none) continue;  // what arrives after a cancel is not handed on
                ++rows;
                if (!hand_row(db, running, result{std::move(answer)}, sink)) return rows;
            } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
                answer.reset();
                db.abandon(running);
                throw usage_error{"stream() runs no COPY: use copy_begin() or copy_out()"};
            } else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
                while (db.next(running))
                    continue;
                db.raise(answer.get(), running);
            }
        }
        db.settle(running);
        return rows;
    }

    void begin(session& db, isolation level);

    void commit(session& db);

    void rollback(session& db);

    std::optional<notification> wait_notification(session& db, instant end);

private:
    static std::optional<notification> taken(session& db);

    template <class Sink> static bool hand_row(session& db, call& running, result const& row, Sink& sink) {
        db.busy_with = "a stream";
        try {
            bool const more = pgq::detail::hand_to(sink, row);
            if (!more) db.abandon(running);
            db.busy_with = {};
            return more;
        } catch (...) {
            db.abandon(running);
            throw;
        }
    }

    result_handle control(session& db, call& running);

    void send_unnamed(session& db, call& running, result_format format);

    void send_prepared(session& db, call& running, std::string const& name, result_format format);

    static void send_prepare(session& db, call& running, std::string const& name, std::string const& sql,
                             std::vector<Oid> const& types);

    /// The name under which this statement is prepared, preparing it when it comes a second time; else null.
    std::string const* prepared_name(session& db, call& running);

    arguments arguments_{};
    std::string text_{};
    prepared_cache cache_{};
};

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/statements.ipp>
#endif
