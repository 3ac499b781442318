/// A match that knows the schema of its queue: a type that is forgotten does not compile.
#pragma once

#include <pgq/schema.hpp>
#include <pgq/stage/dispatch.hpp>

#include <concepts>
#include <utility>

namespace pgq {

namespace detail {

template <class Forgotten, bool Handled> struct checked_handled {
    static constexpr bool fits = Handled;
    static_assert(fits, "pgq::match_all: a type of the schema has no branch: add on<Forgotten>(...), "
                        "ignore<Forgotten>() or otherwise(...), for the Forgotten named above");
};
template <class Branch, bool Listed> struct checked_listed {
    static constexpr bool fits = Listed || Branch::fallback;
    static_assert(fits, "pgq::match_all: a branch takes events that are not of the schema, see the branch named above");
};

template <class Schema, class... Branches> struct checked_cover;
template <class Format, class... Events, class... Branches>
struct checked_cover<schema_in<Format, Events...>, Branches...> {
    static constexpr bool rest = (Branches::fallback || ...);
    template <class E> static constexpr bool taken = (std::same_as<E, typename Branches::accepted> || ...);
    static constexpr bool fits =
        schema_in<Format, Events...>::fits && (checked_handled < Events, rest || taken < Events >> ::fits && ...) &&
        (checked_listed<Branches, schema_in<Format, Events...>::template contains<typename Branches::accepted>>::fits &&
         ...);
};

}  // namespace detail

/// What match_all makes.
template <class Schema, class... Branches> class schema_match : public match<Branches...> {
public:
    static constexpr bool fits = detail::checked_cover<Schema, Branches...>::fits && match<Branches...>::fits;

    using match<Branches...>::match;
};

/// `match_all<orders>(on<order_placed>(f), ignore<order_cancelled>())`: a handler of events with a branch for each type
/// of the schema; otherwise(...) stands for those that have none. Payloads are read in the schema's format, whatever
/// the branches say. Events of types that are not of the schema go to otherwise(...), or are skipped.
template <class Schema, class... Branches> constexpr auto match_all(Branches... branches) {
    static_assert(detail::is_schema<Schema>, "pgq::match_all needs a pgq::schema<...> in angle brackets");
    if constexpr (detail::is_schema<Schema>) {
        using format = typename detail::payload_format<Schema>::type;
        return schema_match<Schema, decltype(std::move(branches).template in<format>())...>{
            std::move(branches).template in<format>()...};
    } else {
        return match<Branches...>{std::move(branches)...};
    }
}

}  // namespace pgq
