/// Insert policy that holds producers back while the queue's consumers are too far behind. Around any other policy.
/// Not a guarantee: what is under way between two looks goes beyond the limit.
#pragma once

#include <pgq/error.hpp>
#include <pgq/policy/insert.hpp>
#include <pgq/sql/delivery.hpp>
#include <pgq/stop.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

namespace pgq {

/// What happens to an event that comes while the queue is over its limit.
enum class on_limit : std::uint8_t {
    block,  ///< its `insert` waits, at most for the limit's `patience`
    fail,   ///< its `insert` throws queue_full
    drop    ///< it is not stored, only counted: see producer::dropped()
};

/// The consumers are too far behind. Transient: the same event may go in later.
class queue_full : public error {
    using error::error;
};

namespace detail {

template <class Put> struct put_result {
    using type = std::optional<Put>;
};
template <> struct put_result<void> {
    using type = bool;
};

/// Waits; a stop ends it. @throws stopped
inline void pause_for(std::chrono::steady_clock::duration length, std::stop_token const& stop) {
    sleep_until(std::chrono::steady_clock::now() + length, stop);
    if (stop.stop_requested()) throw stopped{};
}

template <class Db, class Limit, class Insert> class limited_writer {
    using clock = std::chrono::steady_clock;
    using writer = decltype(std::declval<Insert const&>().open(std::declval<Db&>(), std::string{}));
    using put_type = decltype(std::declval<writer&>().put(std::declval<new_event const&>()));

public:
    limited_writer(Db& db, std::string queue, Limit limit, Insert const& insert)
        : db_{db}, queue_{std::move(queue)}, limit_{std::move(limit)}, inner_(insert.open(db, queue_)) {}

    /// What the policy within returns, as an optional (nothing: dropped); a bool where it returns nothing.
    typename put_result<put_type>::type put(new_event const& event) {
        if (!admit()) {
            ++dropped_;
            return {};
        }
        ++since_look_;
        ++under_way_;
        if constexpr (std::is_void_v<put_type>) {
            inner_.put(event);
            return true;
        } else {
            return inner_.put(event);
        }
    }
    std::uint64_t finish() {
        under_way_ = 0;
        return inner_.finish();
    }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

private:
    bool over() const {
        if (limit_.lag && seen_.time > *limit_.lag) return true;
        return limit_.events && seen_.events + since_look_ >= *limit_.events;
    }

    /// Looks again where that is due and the session is free.
    void look_again() {
        auto const now = clock::now();
        auto const next = over() && since_look_ > 0 ? limit_.check_every / 10 : limit_.check_every;
        if (looked_ && now - *looked_ < next) return;
        if (keeps_session<Insert> && under_way_ > 0) return;
        seen_ = explaining(queue_, [&] { return sql::get_queue_lag(db_, queue_); });
        since_look_ = 0;
        looked_ = clock::now();
    }

    bool admit() {
        look_again();
        if (!over() || (keeps_session<Insert> && under_way_ > 0)) return true;
        if (limit_.then == on_limit::drop) return false;
        if (limit_.then == on_limit::fail) refuse("");
        if constexpr (transactional<Db>) {
            // Waiting would hold the transaction open, and its own events are among those that nobody gets before.
            if (db_.in_transaction()) refuse(", and a producer inside a transaction does not wait for that");
        }
        auto const end = clock::now() + limit_.patience;
        while (over()) {
            auto const left = end - clock::now();
            if (left <= clock::duration::zero()) refuse(", and were so for as long as the producer has patience");
            pause_for(left < limit_.check_every ? left : clock::duration{limit_.check_every}, limit_.stop);
            look_again();
        }
        return true;
    }

    [[noreturn]] void refuse(std::string const& more) const {
        throw queue_full{"the consumers of queue \"" + queue_ + "\" are " + std::to_string(seen_.events) +
                             " events and " + std::to_string(seen_.time.count()) + " ms behind" + more,
                         {.state = sqlstate{"53000"}}};
    }

    Db& db_;
    std::string queue_;
    Limit limit_;
    writer inner_;
    queue_lag seen_{};
    std::optional<clock::time_point> looked_{};
    std::uint64_t since_look_ = 0;
    std::uint64_t under_way_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace detail

template <class Insert> struct limit_around;

/// `producer{db, "orders", limit{.events = 100'000}}`, or around another policy: `limit{.lag = 5min, .then =
/// on_limit::drop}.around(insert_bulk{})`. Asks the server at most once per `check_every` (when its own events have
/// brought it to the limit: per tenth of that), and so stores up to that much too many. Around insert_copy and
/// insert_pipelined it looks only before the first event after finish(). A queue without consumers has no lag. `insert`
/// returns an optional: nothing when the event was dropped. Inside a transaction `block` acts as `fail`. Delayed events
/// and those inserted once are not limited. Needs the extension of this project.
/// @throws queue_full, stopped
struct limit {
    std::optional<std::uint64_t> events{};           ///< the slowest consumer is at most so many behind
    std::optional<std::chrono::milliseconds> lag{};  ///< its oldest batch has been there for at most so long
    on_limit then = on_limit::block;
    std::chrono::milliseconds check_every{100};
    std::chrono::milliseconds patience{60'000};  ///< longest wait of one `insert`, then queue_full
    std::stop_token stop{};                      ///< ends a wait at once; the session's own token does within a look

    /// The same limit, around another insert policy.
    template <class Insert> [[nodiscard]] limit_around<Insert> around(Insert insert) const {
        return limit_around<Insert>{*this, std::move(insert)};
    }
    template <transport Db> [[nodiscard]] auto open(Db& db, std::string queue) const {
        return detail::limited_writer<Db, limit, insert_each>{db, std::move(queue), *this, insert_each{}};
    }
};

/// What limit::around() gives.
template <class Insert> struct limit_around {
    static constexpr bool keeps_session = detail::keeps_session<Insert>;
    limit wanted;
    Insert insert;

    template <class Db>
        requires insert_policy<Insert, Db>
    [[nodiscard]] auto open(Db& db, std::string queue) const {
        return detail::limited_writer<Db, limit, Insert>{db, std::move(queue), wanted, insert};
    }
};

}  // namespace pgq
