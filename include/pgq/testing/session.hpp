/// One session with a server in memory: what producers, consumers and handlers get in place of libpq's connection.
#pragma once

#include <pgq/error.hpp>
#include <pgq/testing/detail/bulk_conversation.hpp>
#include <pgq/testing/detail/world.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgq::testing {

/// Made by server::connect(). Models pgq::transactional, copy_target, copy_source, streaming and listener, with the
/// errors of pgq::libpq::connection. It never waits: where a real one would, for a lock, it throws sql_error 55P03.
/// Statements that it does not know, and that the test has given no answer for, throw usage_error. Move-only; closes on
/// destruction; must not outlive its server. Not for several threads.
class session {
public:
    static constexpr bool simulated = true;

    /// For server::connect().
    explicit session(detail::world& world) : state_{std::make_unique<detail::bulk_conversation>(world)} {}

    /// Values in text form only. @throws sql_error, connection_error, usage_error
    rows execute(std::string_view sql, std::span<parameter const> values = {}) { return state_->execute(sql, values); }

    void begin() { state_->begin(); }
    void commit() { state_->commit(); }
    void rollback() { state_->rollback(); }
    [[nodiscard]] bool in_transaction() const noexcept { return state_->in_transaction(); }

    /// Takes `copy TABLE (columns) from stdin` for a queue's event table only.
    void copy_begin(std::string_view sql) { state_->copy_begin(sql); }
    void copy_data(std::string_view bytes) { state_->copy_data(bytes); }
    std::uint64_t copy_end() { return state_->copy_end(); }
    void copy_abort() noexcept { state_->copy_abort(); }

    /// Hands each row to `sink`, which returns false to end it, and which cannot use the session. @return rows handed
    /// on
    template <class Sink>
    std::size_t stream(std::string_view sql, std::span<parameter const> values, Sink&& sink,
                       result_format = result_format::text) {
        return state_->stream(sql, values, sink);
    }
    /// Takes the statement of `pgq::sql::copy_batch_events` only; pieces are as a server's. @return rows copied
    template <class Sink> std::uint64_t copy_out(std::string_view sql, Sink&& sink) {
        return state_->copy_out(sql, sink);
    }

    /// For pgq::insert_pipelined: between the two the session can do nothing else. What was sent takes effect, or is
    /// refused, at the end. @return of the end: how many statements were done
    void pipeline_begin() { state_->pipeline_begin(); }
    void pipeline_send(std::string_view sql, std::span<parameter const> values) { state_->pipeline_send(sql, values); }
    std::uint64_t pipeline_end() { return state_->pipeline_end(); }
    /// Ends it without effect.
    void pipeline_drop() noexcept { state_->pipeline_drop(); }

    void listen(std::string_view channel) { state_->listen(channel); }
    /// Does not wait: nothing when there is no message now.
    std::optional<notification> wait_notification(std::chrono::steady_clock::time_point) { return state_->message(); }

    /// True once the session was lost or closed.
    [[nodiscard]] bool closed() const noexcept { return state_->closed(); }
    /// As if the process had died: what was not committed is undone.
    void close() noexcept { state_->close(); }
    /// Ends the session and opens a new one.
    void reset() { state_->reset(); }

private:
    std::unique_ptr<detail::bulk_conversation> state_;
};

static_assert(transactional<session> && copy_target<session> && copy_source<session> && streaming<session> &&
              listener<session> && simulated<session>);

}  // namespace pgq::testing
