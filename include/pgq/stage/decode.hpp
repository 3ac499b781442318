/// Stage that turns events of one type into a user's struct. Other events are skipped, malformed ones set aside.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/error.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/urlencoded.hpp>
#include <pgq/schema.hpp>
#include <pgq/versions.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {

/// A payload format that can read an E.
template <class Format, class E>
concept reads = requires(std::string_view data) {
    { Format::template read<E>(data) } -> std::same_as<E>;
};

/// How to tell events that hold an `E` and how to read it from them; specialise for types that need more than the
/// payload. Described structs take the events of their type in each version, and read those that they know how to
/// upgrade; the payload is in `Format`.
template <class E, class Format> struct event_reader {
    static_assert(event_struct<E>,
                  "pgq::decode needs a described struct (BOOST_HANA_DEFINE_STRUCT) with a static member "
                  "event_type, for the E named above");
    static_assert(!event_struct<E> || reads<Format, E>,
                  "pgq::decode needs a format with E read<E>(std::string_view), for "
                  "the E and Format named above");
    static constexpr bool fits = event_struct<E> && reads<Format, E> && detail::checked_upgrade<E>::fits;

    /// Whether the event holds an E, by its type; the payload is not looked at.
    static bool accepts(event const& ev) { return detail::version_in(ev.type, event_type_of<E>) != 0; }
    /// The E of an accepted event. @throws decode_error
    static E read(event const& ev) {
        if (ev.data.data() == nullptr) throw decode_error{"event data is null"};
        return detail::read_version<typename detail::payload_format<Format>::type, E>(
            ev.data, detail::version_in(ev.type, event_type_of<E>));
    }
};

/// A type that is read from the whole event, such as change<Row>.
template <class E> concept reads_event = detail::reads_events<E>;

template <reads_event E, class Format> struct event_reader<E, Format> {
    static constexpr bool fits = true;

    static bool accepts(event const& ev) { return E::accepts(ev); }
    static E read(event const& ev) { return E::read(ev); }
};

/// Whether an event holds an E: a predicate for ranges of events, `std::views::filter(holds<order_placed>)`.
template <class E, class Format = urlencoded>
inline constexpr auto holds = [](event const& ev) -> bool { return event_reader<E, Format>::accepts(ev); };

/// The E that an event holds: `std::views::transform(read_as<order_placed>)`. Throws decode_error.
template <class E, class Format = urlencoded>
inline constexpr auto read_as = [](event const& ev) -> E { return event_reader<E, Format>::read(ev); };

namespace detail {

inline outcome malformed(event const& ev, char const* problem) {
    return dead_letter("cannot decode event of type \"" + std::string{ev.type} + "\": " + problem);
}

}  // namespace detail

/// `decode<order_placed>{}`, `decode<order_placed, json>{}`, `decode<change<account>>{}`. An event
/// whose payload cannot be read gets the verdict dead with the reader's message: trying again would not help it.
template <class E, class Format = urlencoded> struct decode {
    using output = E;

    template <std::same_as<event> In> outcome operator()(In const&, event const& ev, auto const& next) const {
        using reader = event_reader<E, Format>;
        if constexpr (reader::fits) {
            if (!reader::accepts(ev)) return skipped();
            std::optional<E> value;
            try {
                value.emplace(reader::read(ev));
            } catch (decode_error const& problem) { return detail::malformed(ev, problem.what()); }
            return next(static_cast<E const&>(*value));
        } else {
            return skipped();
        }
    }
};

}  // namespace pgq
