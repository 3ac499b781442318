/// The calls of a connection that move COPY data.
#pragma once

#include <pgq/libpq/detail/collect.hpp>
#include <pgq/libpq/detail/session.hpp>
#include <pgq/libpq/quote.hpp>
#include <pgq/libpq/result.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq::detail {

class copying {
public:
    void begin(session& db, std::string_view sql);

    void data(session& db, std::string_view bytes) {
        require_open(db);
        while (!bytes.empty()) {
            auto const part = bytes.substr(0, buffer_limit - buffer_.size());
            buffer_ += part;
            bytes.remove_prefix(part.size());
            if (buffer_.size() == buffer_limit) put(db);
        }
    }

    std::uint64_t end(session& db);

    void abort(session& db) noexcept;

    template <class Sink> std::uint64_t out(session& db, std::string_view sql, Sink& sink) {
        statement_.assign(sql);
        running_ = start(db, PGRES_COPY_OUT, "copy ... to stdout");
        constexpr unsigned rows_between_clocks = 16;
        unsigned rows = 0;
        while (auto const row = db.next_copy_row(running_)) {
            if (running_.cut != interruption::none) continue;
            // The limit is for a server that says nothing, not for much data.
            if (++rows % rows_between_clocks == 0) running_.end = deadline_after(db.wanted.statement_timeout);
            db.busy_with = "a COPY";
            try {
                if (!pgq::detail::hand_to(sink, std::string_view{row.text.get(), row.size})) {
                    db.abandon(running_);
                    return 0;
                }
            } catch (...) {
                db.abandon(running_);
                throw;
            }
            db.busy_with = {};
        }
        return result{collect(db, running_)}.affected();
    }

private:
    static constexpr std::size_t buffer_limit = 64 * 1024;

    /// Sends the statement and checks that it is the kind of COPY wanted.
    call start(session& db, ExecStatusType kind, std::string_view form);

    void require_open(session& db);

    /// Sends what is buffered. An answer that arrives meanwhile is an error; it is told when the COPY ends.
    void put(session& db);

    /// Makes the COPY fail and throws why.
    [[noreturn]] void interrupt(session& db, interruption why);

    result_handle finish(session& db, char const* refusal);

    void leave(session& db) noexcept {
        open_ = false;
        db.busy_with = {};
        if (std::exchange(lifted_, false) && !db.closed()) restore_user_timeout(db.get());
    }

    std::string statement_{};
    std::string buffer_{};
    call running_{};  ///< refers to statement_
    bool open_ = false;
    bool lifted_ = false;  ///< the limit of TCP, until the COPY has ended
    bool doubt_ = false;
};

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/copying.ipp>
#endif
