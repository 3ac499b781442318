/// How a producer's events reach the server: what such a policy is, and the plainest, one call per event.
/// Others: <pgq/policy/insert_pipelined.hpp>, <pgq/policy/insert_copy.hpp>, <pgq/policy/insert_bulk.hpp>.
#pragma once

#include <pgq/error.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/transport.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pgq {

/// Puts events into one queue. `finish` returns how many it has stored since the last finish, after which the next
/// `put` begins anew. Destroyed without finish, it drops silently what was still on its way.
template <class W>
concept event_writer = requires(W& writer, new_event const& event) {
    writer.put(event);
    { writer.finish() } -> std::same_as<std::uint64_t>;
};

/// A value that opens a writer for a queue on a session.
template <class P, class Db>
concept insert_policy = requires(P const& policy, Db& db, std::string queue) {
    { policy.open(db, queue) } -> event_writer;
};

namespace detail {

/// Policies whose session can do nothing else between the first event and finish() say so by a member.
template <class P> inline constexpr bool keeps_session = false;
template <class P>
    requires requires { P::keeps_session; }
inline constexpr bool keeps_session<P> = P::keeps_session;

[[noreturn, gnu::cold]] inline void refuse_unknown_queue(std::string_view queue, failure facts = {}) {
    std::string const name{queue};
    throw usage_error{"queue \"" + name + "\" does not exist; create it by: select pgq.create_queue('" + name + "')",
                      std::move(facts)};
}

/// Throws anew what the server said of a queue that is not there, or of a missing PgQ, as a sentence that says what to
/// do. Returns for anything else.
[[gnu::cold]] void explain_insert_failure(sql_error const& refusal, std::string_view queue);

/// Runs `call`, with explained failures.
decltype(auto) explaining(std::string_view queue, auto const& call) {
    try {
        return call();
    } catch (sql_error const& refusal) {
        explain_insert_failure(refusal, queue);
        throw;
    }
}

struct inserting {
    std::int64_t operator()(transport auto& db, std::string_view queue, new_event const& event) const {
        return sql::insert_event(db, queue, event);
    }
};

/// One call of `Insert` per event; `put` returns what that does.
template <transport Db, class Insert> class each_writer {
public:
    each_writer(Db& db, std::string queue) : db_{db}, queue_{std::move(queue)} {}

    auto put(new_event const& event) {
        auto const done = explaining(queue_, [&] { return Insert{}(db_, queue_, event); });
        ++stored_;
        return done;
    }
    std::uint64_t finish() { return std::exchange(stored_, 0); }

private:
    Db& db_;
    std::string queue_;
    std::uint64_t stored_ = 0;
};

}  // namespace detail

/// One call of pgq.insert_event per event, which is stored when the call returns, or with the caller's transaction:
/// the policy for an outbox. `put` returns the event's id. Works with whatever pgq.insert_event the database has.
struct insert_each {
    template <transport Db> [[nodiscard]] auto open(Db& db, std::string queue) const {
        return detail::each_writer<Db, detail::inserting>{db, std::move(queue)};
    }
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/insert.ipp>
#endif
