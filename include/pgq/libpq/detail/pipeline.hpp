/// libpq's pipeline mode: statements leave without waiting for the answers to those before.
#pragma once

#include <pgq/libpq/detail/arguments.hpp>
#include <pgq/libpq/detail/session.hpp>
#include <pgq/libpq/options.hpp>
#include <pgq/libpq/quote.hpp>
#include <pgq/libpq/result.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq::detail {

/// Not tied to what is done with the answers; see <pgq/libpq/pipelined.hpp>.
class pipeline {
public:
    explicit pipeline(session& db);
    pipeline(pipeline const&) = delete;
    pipeline& operator=(pipeline const&) = delete;
    ~pipeline() { drop(); }

    /// `prepared`: `text` is the name of a prepared statement.
    void send(std::string_view text, std::span<parameter const> values, result_format format, bool prepared);

    /// Makes the server send the answers that it has; it would hold them back otherwise.
    void ask();

    /// Ends the unit that succeeds or fails as a whole. Everything is answered when done() says so.
    void mark();
    [[nodiscard]] bool done() const noexcept { return !marked_ && waiting_.empty(); }

    struct answer {
        std::size_t index = 0;
        result rows{};
    };
    /// The next answer that has arrived, in the order of sending. @throws sql_error, after which the pipeline is closed
    std::optional<answer> take();

    /// Sends what it can and sleeps until something can be read.
    void wait();

    /// Leaves pipeline mode when everything is answered.
    void leave();

    /// Undoes what was sent since the last mark and leaves. In a transaction that is for the transaction to undo.
    void drop() noexcept;

    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] std::size_t sent() const noexcept { return sent_; }
    [[nodiscard]] std::size_t answered() const noexcept { return done_; }
    [[nodiscard]] std::size_t synced() const noexcept { return synced_; }

private:
    static constexpr std::size_t overhead = 64;  ///< of messages around a statement, near enough
    static constexpr std::size_t push_at = 16 * 1024;

    struct pending {
        std::shared_ptr<std::string const> text;
        std::size_t bytes;
    };

    void begin_step();

    void drain();

    /// A statement failed, and the server skips all others up to the mark.
    [[noreturn]] void fail(result_handle refused);

    /// Before the mark: nothing is decided yet, so all of it can be undone.
    [[noreturn]] void interrupt();

    [[noreturn]] void fail_lost(PGresult const* words = nullptr);

    void forget() noexcept {
        open_ = false;
        db_.busy_with = {};
    }

    session& db_;
    call running_;
    bool doubt_;  ///< outside a transaction: a mark commits
    bool open_ = false;
    bool marked_ = false;
    bool answered_ = false;  ///< the answer came, the null behind it did not
    arguments arguments_{};
    std::shared_ptr<std::string const> last_text_{};
    std::deque<pending> waiting_{};
    std::size_t in_flight_ = 0;
    std::size_t unsent_ = 0;
    std::size_t sent_ = 0;
    std::size_t done_ = 0;
    std::size_t synced_ = 0;
};

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/pipeline.ipp>
#endif
