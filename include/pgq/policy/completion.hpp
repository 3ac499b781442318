/// When a batch is finished in relation to its effects.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/error.hpp>
#include <pgq/policy/choice.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

/// A policy for this axis is called as `completion(db, effects, settle)`. `effects(session)` passes the events on, with
/// the session that handlers may take (no_session for none); `settle()` sends verdicts and finish to `db`. Whether
/// handlers may take a session is told by `gives_session`.
struct completion_axis;

namespace detail {

// A completion that keeps a position of its own, in another database; see <pgq/policy/tracked.hpp>.
template <class C> concept follows_ticks = requires { requires C::follows_ticks; };

template <class C> concept says_gives_session = requires { typename std::bool_constant<C::gives_session>; };

struct any_effects {
    template <class Session> void operator()(Session&, auto const&...) const {}
};
struct any_call {
    void operator()() const {}
};

}  // namespace detail

/// Called as completion_axis says: the policy itself, or what its `start() const` gives, which lives as long as the
/// consumer. `gives_session` is a `static constexpr bool`.
template <class C, class Db>
concept completion_policy = policy<C> && detail::says_gives_session<C> &&
                            (detail::follows_ticks<C> || requires(detail::working<C>& completion, Db& db) {
                                completion(db, detail::any_effects{}, detail::any_call{});
                            });

namespace detail {

/// While it lives, the server may take as long as it takes.
template <class Db> class at_leisure {
public:
    explicit at_leisure(Db&) noexcept {}
};
template <impatient Db> class at_leisure<Db> {
public:
    explicit at_leisure(Db& db) noexcept : db_{db}, limit_{db.longest_silence()} { db.longest_silence({}); }
    at_leisure(at_leisure const&) = delete;
    at_leisure& operator=(at_leisure const&) = delete;
    ~at_leisure() { db_.longest_silence(limit_); }

private:
    Db& db_;
    std::chrono::milliseconds limit_;
};

}  // namespace detail

/// The transaction that will finish the batch, as handlers see it: a transport without begin, commit and rollback.
/// It is valid until the handler returns. `run_options::longest_silence` does not hold for its statements.
template <transport Db> class transaction {
public:
    explicit transaction(Db& db) : db_{db} {}

    auto execute(std::string_view sql, std::span<parameter const> values) {
        detail::at_leisure<Db> const unhurried{db_};
        return db_.execute(sql, values);
    }
    auto execute(std::string_view sql, std::span<parameter const> values, result_format format)
        requires binary_transport<Db>
    {
        detail::at_leisure<Db> const unhurried{db_};
        return db_.execute(sql, values, format);
    }
    void copy_begin(std::string_view sql)
        requires copy_target<Db>
    {
        detail::at_leisure<Db> const unhurried{db_};
        db_.copy_begin(sql);
    }
    void copy_data(std::string_view data)
        requires copy_target<Db>
    {
        detail::at_leisure<Db> const unhurried{db_};
        db_.copy_data(data);
    }
    std::uint64_t copy_end()
        requires copy_target<Db>
    {
        detail::at_leisure<Db> const unhurried{db_};
        return db_.copy_end();
    }
    void copy_abort() noexcept
        requires copy_target<Db>
    {
        db_.copy_abort();
    }

private:
    Db& db_;
};

namespace detail {

/// Begins at once; rolls back on the way out unless committed.
template <transactional Db> class open_transaction {
public:
    explicit open_transaction(Db& db) : db_{db} { db_.begin(); }
    open_transaction(open_transaction const&) = delete;
    open_transaction& operator=(open_transaction const&) = delete;
    ~open_transaction() {
        if (committed_) return;
        try {
            db_.rollback();
        } catch (error const&) {
            return;  // the session is gone, and its transaction with it
        }
    }
    void commit() {
        committed_ = true;
        db_.commit();
    }

private:
    Db& db_;
    bool committed_ = false;
};

template <bool Fits, class Db> struct checked_completion {
    static_assert(Fits,
                  "pgq::same_transaction needs a transport with begin, commit, rollback and in_transaction (concept "
                  "pgq::transactional), for the Db named above");
};

}  // namespace detail

/// Handlers run with no transaction open. Their verdicts and the finish go to the server together, after the last
/// event: what dies before is delivered again, what was handled until then is handled twice.
struct at_least_once {
    using policy_axis = completion_axis;
    static constexpr bool gives_session = false;

    void operator()(transport auto& db, auto&& effects, auto&& settle) const {
        no_session none;
        effects(none);
        if constexpr (transactional<decltype(db)>) {
            detail::open_transaction scope{db};
            settle();
            scope.commit();
        } else {
            settle();
        }
    }
};

/// Handlers run inside one transaction, which they may take as their last argument; verdicts and the finish are part of
/// it. Either all of it happens or none: what handlers write into this database is written exactly once.
struct same_transaction {
    using policy_axis = completion_axis;
    static constexpr bool gives_session = true;

    template <transport Db> void operator()(Db& db, auto&& effects, auto&& settle) const {
        if constexpr (transactional<Db>) {
            detail::open_transaction scope{db};
            transaction<Db> session{db};
            effects(session);
            settle();
            scope.commit();
        } else {
            static_cast<void>(detail::checked_completion<false, Db>{});
        }
    }
};

}  // namespace pgq
