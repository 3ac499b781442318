/// The event types of a queue as one list: what its producers may write and its consumers must handle.
///   using orders = pgq::schema<order_placed, order_cancelled, pgq::change<customer>>;
///   pgq::producer out{db, "orders", pgq::insert_each{}, orders{}};
///   pgq::match_all<orders>(pgq::on<order_placed>(...), ...)       // <pgq/stage/match_all.hpp>
#pragma once

#include <pgq/event.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace pgq {

namespace detail {

/// Whether a type is read from the whole event, as change<Row> is.
template <class E>
concept reads_events = requires(event const& ev) {
    { E::accepts(ev) } -> std::same_as<bool>;
    { E::read(ev) } -> std::same_as<E>;
};
template <class E> concept of_one_table = requires { std::string_view{E::row_type::table}; };

/// Whether no event can be taken for both.
template <class A, class B>
inline constexpr bool distinct_events = [] {
    if constexpr (std::same_as<A, B>) return false;
    else if constexpr (event_struct<A> && event_struct<B>) return event_type_of<A> != event_type_of<B>;
    else if constexpr (of_one_table<A> && of_one_table<B>)
        return std::string_view{A::row_type::table} != std::string_view{B::row_type::table};
    else return true;
}();

template <class E> struct checked_schema_type {
    static constexpr bool fits = event_struct<E> || reads_events<E>;
    static_assert(fits, "pgq::schema: each type is a described struct (BOOST_HANA_DEFINE_STRUCT) with a static member "
                        "event_type, or a pgq::change<Row>, unlike the one named above");
};
template <class A, class B> struct checked_schema_pair {
    static constexpr bool fits = distinct_events<A, B>;
    static_assert(fits, "pgq::schema: the two types named above have one event type, or one table");
};
template <class... Events> struct checked_schema {
    static constexpr bool fits = true;
};
template <class First, class... Rest> struct checked_schema<First, Rest...> {
    static constexpr bool fits = checked_schema_type<First>::fits && (checked_schema_pair<First, Rest>::fits && ...) &&
                                 checked_schema<Rest...>::fits;
};

template <class E, class... Events> struct checked_member {
    static constexpr bool fits = (std::same_as<E, Events> || ...);
    static_assert(fits,
                  "pgq::schema: an event type, the first one named above, is not of the schema, whose types follow");
};

}  // namespace detail

/// A schema whose payloads are in `Format`. It stands wherever a format can, and refuses other event types there.
template <class Format, class... Events> struct schema_in {
    static constexpr bool fits = detail::checked_schema<Events...>::fits;
    using format = Format;
    template <class E> static constexpr bool contains = (std::same_as<E, Events> || ...);

    /// @throws decode_error
    template <event_struct E> static E read(std::string_view data) {
        static_cast<void>(detail::checked_member<E, Events...>{});
        return Format::template read<E>(data);
    }
    /// Appends the payload to `out`.
    template <event_struct E> static void append(std::string& out, E const& value) {
        if constexpr (detail::checked_member<E, Events...>::fits) Format::append(out, value);
    }
};

/// The usual one, in the encoding of python-pgq.
template <class... Events> using schema = schema_in<urlencoded, Events...>;

namespace detail {

template <class Format> struct payload_format {
    using type = Format;
};
template <class Format, class... Events> struct payload_format<schema_in<Format, Events...>> {
    using type = Format;
};

template <class Schema> inline constexpr bool is_schema = false;
template <class Format, class... Events> inline constexpr bool is_schema<schema_in<Format, Events...>> = true;

}  // namespace detail
}  // namespace pgq
