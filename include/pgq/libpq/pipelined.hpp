/// Many statements in one go: each leaves without waiting for the answers to those before.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/detail/pipeline.hpp>
#include <pgq/libpq/options.hpp>
#include <pgq/libpq/result.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace pgq::libpq {

/// Receives the answer of each statement, in the order of sending; `index` counts from 0.
template <class F> concept answer_sink = std::invocable<F&, std::size_t, result const&>;

/// For those who only want to know that it worked.
struct ignore_answers {
    void operator()(std::size_t, result const&) const {}
};

/// The session is busy with it from construction until finish(), and so is `on_answer` called only from within its
/// calls. At most `bytes` are under way at a time; then send() waits for answers.
///
/// Statements between two sync() calls succeed or fail as a whole, unless a transaction is open, which then decides.
/// When one fails, send(), sync() or finish() throws the sql_error with its text; `answered()` is its index, those up
/// to `synced()` are stored, and the pipeline is closed. What was sent since the last sync() is undone as well on
/// destruction without finish(), on a stop request and on a lost session; `in_doubt` is set when the answer to a
/// sync() outside a transaction did not come.
template <answer_sink OnAnswer = ignore_answers> class pipelined {
public:
    /// Fits into the buffer of a unix socket: with more, the client wakes up for each little space in it.
    static constexpr std::size_t default_bytes = 128 * 1024;

    explicit pipelined(connection& db, OnAnswer on_answer = {}, std::size_t bytes = default_bytes)
        : core_{std::make_unique<detail::pipeline>(db.session())}, on_answer_{std::move(on_answer)}, bytes_{bytes} {}

    /// Values need to live until it returns.
    void send(std::string_view sql, std::span<parameter const> values = {},
              result_format format = result_format::text) {
        core_->send(sql, values, format, false);
        make_room();
    }
    void send_prepared(std::string_view name, std::span<parameter const> values = {},
                       result_format format = result_format::text) {
        core_->send(name, values, format, true);
        make_room();
    }

    /// Waits until everything sent is answered and, outside a transaction, stored.
    void sync() {
        core_->mark();
        for (deliver(); !core_->done(); deliver())
            core_->wait();
    }

    /// sync(), and the session is free again. @return statements done in all
    std::size_t finish() {
        sync();
        core_->leave();
        return answered();
    }

    /// How many statements were sent, answered without error, and made durable by a sync() whose answer came.
    [[nodiscard]] std::size_t sent() const noexcept { return core_->sent(); }
    [[nodiscard]] std::size_t answered() const noexcept { return core_->answered(); }
    [[nodiscard]] std::size_t synced() const noexcept { return core_->synced(); }

private:
    void make_room() {
        if (core_->in_flight() <= bytes_) return;
        core_->ask();
        for (deliver(); core_->in_flight() > bytes_ / 2; deliver())
            core_->wait();
    }

    void deliver() {
        while (auto const answer = core_->take())
            on_answer_(answer->index, answer->rows);
    }

    std::unique_ptr<detail::pipeline> core_;
    OnAnswer on_answer_;
    std::size_t bytes_;
};

}  // namespace pgq::libpq
