/// What all sessions of one server in memory share.
#pragma once

#include <pgq/error.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/fault.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/transport.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing {

/// Answers a statement that the server in memory does not know: called with its text and its parameters.
using answer = std::function<rows(std::string_view sql, std::span<parameter const> values)>;

namespace detail {

/// Messages that a session has not taken yet.
struct mailbox {
    std::vector<std::string> channels{};
    std::vector<notification> messages{};
};

struct world {
    detail::tables tables{};
    detail::faults faults{};
    std::vector<std::pair<std::string, answer>> answers{};
    std::vector<mailbox*> mailboxes{};
    std::map<std::int64_t, void const*> locks{};  ///< advisory locks and the sessions that hold them
    std::uint64_t sessions = 0;                   ///< opened so far

    /// Makes what the transaction has done visible to all.
    void commit(transaction& tx) {
        tables.apply(tx);
        for (auto const& queue : tx.made.ticked) {
            for (auto* box : mailboxes) {
                auto const& channels = box->channels;
                if (std::find(channels.begin(), channels.end(), "pgq_tick") == channels.end()) continue;
                box->messages.push_back({.channel = "pgq_tick", .payload = queue});
            }
        }
    }

    /// Does `work(view)` in a transaction of its own.
    auto alone(auto const& work) {
        transaction tx{.now = tables.clock.now()};
        view db{tables, tx};
        auto result = work(db);
        commit(tx);
        return result;
    }

    /// Looks without changing anything.
    auto look(auto const& work) {
        transaction tx{.now = tables.clock.now()};
        view db{tables, tx};
        return work(db);
    }
};

/// Nothing but the test's author can set this right, so no stage may take it for a failure of the event.
inline usage_error unknown_statement(std::string_view sql) {
    return usage_error{"pgq::testing::server does not know this statement: " + std::string{sql} +
                           "; say what comes back: server.answer(\"a part of its text\", pgq::testing::rows{...})",
                       {.transaction_aborted = true, .statement = std::string{sql}}};
}

}  // namespace detail
}  // namespace pgq::testing
