/// Puts typed events into a queue: `producer out{db, "orders"}; out.insert(order_placed{...}); out.finish();`
/// Not for changes of tables: those are captured by the triggers of the extension.
#pragma once

#include <pgq/field.hpp>
#include <pgq/payload/urlencoded.hpp>
#include <pgq/policy/insert.hpp>
#include <pgq/sql/delivery.hpp>
#include <pgq/transport.hpp>
#include <pgq/versions.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

/// A payload format that can write an E.
template <class Format, class E>
concept writes = requires(std::string& out, E const& value) { Format::append(out, value); };

/// ev_extra1 to ev_extra4 of an event.
using extras = std::array<nullable_text, 4>;

namespace detail {

template <class E, class Format> struct checked_product {
    static_assert(event_struct<E>, "pgq::producer::insert needs a described struct (BOOST_HANA_DEFINE_STRUCT) with a "
                                   "static member event_type, or a pgq::new_event, for the E named above");
    static_assert(!event_struct<E> || writes<Format, E>,
                  "pgq::producer: the format named above cannot write the event type named above");
    static constexpr bool fits = event_struct<E> && writes<Format, E>;
};

template <bool Fits, class Insert> struct checked_free_session {
    static_assert(Fits, "pgq::producer: delayed events, events inserted once and limits that are looked at between "
                        "events need an insert policy that leaves the session free, such as insert_each or "
                        "insert_bulk, instead of the Insert named above");
};

}  // namespace detail

/// `producer{db, queue}` stores each event by a call of its own; `producer{db, queue, insert_copy{}}` or another insert
/// policy stores them in bulk; a format as fourth argument replaces urlencoded. Events are part of the caller's
/// transaction where one is open on `db`, which makes an outbox. Keeps a reference to `db`. Not for several threads.
/// @throws usage_error  for a queue that does not exist, and for what the policy cannot do
template <class Db, class Insert = insert_each, class Format = urlencoded> class producer {
    static_assert(transport<Db>, "pgq::producer needs a session as its first argument, see pgq::transport");
    static_assert(insert_policy<Insert, Db>,
                  "pgq::producer needs an insert policy as its third argument: a value whose "
                  "open(db, queue) gives a writer with put(new_event) and finish(), and the "
                  "session must have what the policy needs (COPY, pipeline, transactions)");
    using writer = decltype(std::declval<Insert const&>().open(std::declval<Db&>(), std::string{}));

public:
    explicit producer(Db& db, std::string queue, Insert policy = {}, Format = {})
        : db_{db}, queue_{std::move(queue)}, writer_(policy.open(db, queue_)) {}

    /// Stores the event, or puts it on its way, as the policy does; returns what the policy returns (insert_each: the
    /// event's id). Headers go where extras do: `insert(order, pgq::headers{{"tenant", "7"}})`.
    template <class E> auto insert(E const& value, extras const& extra = {}) {
        using checked = detail::checked_product<E, Format>;
        if constexpr (checked::fits) return writer_.put(made(value, extra));
    }
    /// Stores an event as it is.
    auto insert(new_event const& event) { return writer_.put(event); }

    /// Stores an event that comes into the queue not before a time, by a call of its own: `insert(reminder,
    /// pgq::deliver_after{10min})`. It comes with the first pass of pgqd after that, and gets its id then.
    /// @throws usage_error  also for a PgQ that has no delayed events
    template <class E> delayed_id insert(E const& value, deliver_after const& when, extras const& extra = {}) {
        using checked = detail::checked_product<E, Format>;
        if constexpr (checked::fits) return insert(made(value, extra), when);
        else return delayed_id{};
    }
    delayed_id insert(new_event const& event, deliver_after const& when) {
        return by_itself([&] { return sql::insert_event_after(db_, queue_, when, event); });
    }
    /// Drops a delayed event. False when it does not wait any more: it has come, or was cancelled before.
    bool cancel(delayed_id id) {
        return by_itself([&] { return sql::cancel_delayed_event(db_, queue_, id); });
    }

    /// Stores an event by a call of its own, unless one with this key (at most 1,000 bytes) went into the queue less
    /// than `window` ago. Where another transaction holds the key, waits for how that ends. In a transaction of a fixed
    /// snapshot that fails with 40001 when another has used the key since.
    template <class E>
    inserted_once insert_once(std::string_view key, std::chrono::milliseconds window, E const& value,
                              extras const& extra = {}) {
        using checked = detail::checked_product<E, Format>;
        if constexpr (checked::fits) return insert_once(key, window, made(value, extra));
        else return {};
    }
    inserted_once insert_once(std::string_view key, std::chrono::milliseconds window, new_event const& event) {
        return by_itself([&] { return sql::insert_event_once(db_, queue_, key, window, event); });
    }

    /// Sees to it that all events are with the server (committed, unless the caller's transaction is open), and returns
    /// how many were stored since the last finish, those by a call of their own not counted. The producer can go on
    /// afterwards.
    std::uint64_t finish() { return writer_.finish(); }

    /// How many events a limit has dropped.
    [[nodiscard]] std::uint64_t dropped() const
        requires requires(writer const& out) { out.dropped(); }
    {
        return writer_.dropped();
    }

private:
    template <class E> new_event made(E const& value, extras const& extra) {
        payload_.clear();
        Format::append(payload_, value);
        // A null view would mean NULL, and an empty struct is no NULL.
        std::string_view const data = payload_.empty() ? std::string_view{""} : std::string_view{payload_};
        return {.type = written_type_of<E>(), .data = data, .extra = extra};
    }

    auto by_itself(auto const& call) {
        constexpr bool fits = !detail::keeps_session<Insert>;
        static_cast<void>(detail::checked_free_session<fits, Insert>{});
        return detail::explaining(queue_, call);
    }

    Db& db_;
    std::string queue_;
    writer writer_;
    std::string payload_{};
};

template <class Db> producer(Db&, char const*) -> producer<Db>;
template <class Db> producer(Db&, std::string) -> producer<Db>;
template <class Db, class Insert> producer(Db&, char const*, Insert) -> producer<Db, Insert>;
template <class Db, class Insert> producer(Db&, std::string, Insert) -> producer<Db, Insert>;
template <class Db, class Insert, class Format>
producer(Db&, char const*, Insert, Format) -> producer<Db, Insert, Format>;
template <class Db, class Insert, class Format>
producer(Db&, std::string, Insert, Format) -> producer<Db, Insert, Format>;

}  // namespace pgq
