/// What a session with a server in memory does in bulk: rows handed on while they arrive, COPY out, pipelines.
#pragma once

#include <pgq/error.hpp>
#include <pgq/testing/detail/conversation.hpp>
#include <pgq/testing/detail/sending.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

class bulk_conversation : public conversation {
public:
    using conversation::conversation;

    /// Hands on each row of the answer while the session can do nothing else; `sink` returns false to end it.
    template <class Sink> std::size_t stream(std::string_view sql, std::span<parameter const> values, Sink& sink) {
        auto const all = execute(sql, values);
        return hand_on("a stream", all.size(),
                       [&](std::size_t at) { return pgq::detail::hand_to(sink, some_rows(all, at, 1)); });
    }
    /// The same by `copy (...) to stdout (format binary)` of a batch's events, piece by piece.
    template <class Sink> std::uint64_t copy_out(std::string_view sql, Sink& sink) {
        auto const inner = copied_statement(sql);
        if (!inner) throw unknown_statement(sql);
        auto const all = guarded(step::events, sql, false, [&] { return run(*inner, {}); });
        auto const handed = hand_on("a COPY", all.size() + 1, [&](std::size_t at) {
            auto piece = std::string{at == 0 ? copy_header : std::string_view{}};
            piece += at == all.size() ? std::string{copy_trailer} : copied_row(all, at);
            return pgq::detail::hand_to(sink, std::string_view{piece});
        });
        return handed > all.size() ? all.size() : 0;
    }

    void pipeline_begin() {
        need_session("pipeline");
        pipeline_.clear();
        busy_with_ = piping;
    }
    void pipeline_send(std::string_view sql, std::span<parameter const> values) {
        need_pipeline();
        auto& one = pipeline_.emplace_back(sent_statement{std::string{sql}, {}});
        for (auto const& value : values)
            one.values.push_back(value_of_parameter(value));
    }
    /// All that was sent takes effect or nothing does, as the latest time at which a server may tell of a refusal.
    std::uint64_t pipeline_end() {
        need_pipeline();
        busy_with_ = {};
        auto const sent = std::exchange(pipeline_, {});
        bool const own = !block_;
        guarded(step::insert, sent.empty() ? "pipeline" : sent.front().sql, own, [&] {
            if (own) open_transaction();
            try {
                for (auto const& one : sent)
                    static_cast<void>(run(one.sql, parameters_of(one.values)));
                if (own) all_.commit(tx_);
            } catch (...) {
                if (own) forget_transaction();
                throw;
            }
            if (own) forget_transaction();
        });
        return sent.size();
    }
    /// Drops what was sent and not ended.
    void pipeline_drop() noexcept {
        pipeline_.clear();
        busy_with_ = {};
    }

private:
    /// Closing the session has closed it, too.
    void need_pipeline() const {
        if (busy_with_ != piping) throw usage_error{"the pipeline is closed: make a new one"};
    }

    /// Calls `hand(index)` up to `count` times, until it gives false. Where that ends it early or throws, the statement
    /// is cancelled, and with it an open transaction.
    std::size_t hand_on(std::string_view what, std::size_t count, auto const& hand) {
        busy_with_ = what;
        std::size_t at = 0;
        try {
            while (at < count && hand(at++)) {}
        } catch (...) {
            busy_with_ = {};
            failed_ = block_;
            throw;
        }
        busy_with_ = {};
        failed_ = failed_ || (block_ && at < count);
        return at;
    }

    static constexpr std::string_view piping = "a pipeline";

    std::vector<sent_statement> pipeline_{};  ///< what it has taken and nobody has answered yet
};

}  // namespace pgq::testing::detail
