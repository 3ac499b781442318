/// Puts typed events into a queue: `producer out{db, "orders"}; out.insert(order_placed{...}); out.finish();`
/// Not for changes of tables: those are captured by the triggers of the extension.
#pragma once

#include <pgq/field.hpp>
#include <pgq/payload/urlencoded.hpp>
#include <pgq/policy/insert.hpp>
#include <pgq/transport.hpp>
#include <pgq/versions.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
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

public:
    explicit producer(Db& db, std::string queue, Insert policy = {}, Format = {})
        : writer_(policy.open(db, std::move(queue))) {}

    /// Stores the event, or puts it on its way, as the policy does; returns what the policy returns (insert_each: the
    /// event's id).
    template <class E> auto insert(E const& value, extras const& extra = {}) {
        using checked = detail::checked_product<E, Format>;
        if constexpr (checked::fits) {
            payload_.clear();
            Format::append(payload_, value);
            // A null view would mean NULL, and an empty struct is no NULL.
            std::string_view const data = payload_.empty() ? std::string_view{""} : std::string_view{payload_};
            return writer_.put({.type = written_type_of<E>(), .data = data, .extra = extra});
        }
    }

    /// Stores an event as it is.
    auto insert(new_event const& event) { return writer_.put(event); }

    /// Sees to it that all events are with the server (committed, unless the caller's transaction is open), and returns
    /// how many were stored since the last finish. The producer can go on afterwards.
    std::uint64_t finish() { return writer_.finish(); }

private:
    decltype(std::declval<Insert const&>().open(std::declval<Db&>(), std::string{})) writer_;
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
