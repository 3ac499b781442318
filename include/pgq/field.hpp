/// The one door to Boost.Hana: a user's struct as a list of named fields.
/// Describe a struct with BOOST_HANA_DEFINE_STRUCT or BOOST_HANA_ADAPT_STRUCT, and give it an `event_type`.
#pragma once

#include <pgq/codec.hpp>

#include <boost/hana/accessors.hpp>
#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/at.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/define_struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/second.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pgq {

/// A struct whose fields are described.
template <class T> concept described = boost::hana::Struct<T>::value;

/// The name under which `E` travels: its static member `event_type`. Specialise for types of others.
template <class E> inline constexpr std::string_view event_type_of = E::event_type;

/// A described struct with a name to travel under.
template <class E> concept event_struct = described<E> && requires { std::string_view{event_type_of<E>}; };

namespace detail {

/// What a payload can carry: a type with a codec, a described struct, and optionals and vectors of these.
template <class T> inline constexpr bool travels = field_codec<T> || described<T>;
template <class T> inline constexpr bool travels<std::optional<T>> = travels<T>;
template <class T> inline constexpr bool travels<std::vector<T>> = travels<T> || field_codec<std::vector<T>>;

// The types are arguments of the asserting class so that compilers print them beside the sentence.
template <class Struct, class Name, class T> struct checked_field {
    static_assert(travels<T>, "pgq: a field has no codec: specialise pgq::codec<T> for the T named above");
    using type = T;
};
}  // namespace detail

/// The I-th described field of `S`.
template <described S, std::size_t I> struct field {
    static constexpr auto accessor = boost::hana::at_c<I>(boost::hana::accessors<S>());
    static constexpr std::string_view name = boost::hana::first(accessor).c_str();
    static constexpr auto& of(auto& object) { return boost::hana::second(accessor)(object); }

    using name_type = std::remove_cvref_t<decltype(boost::hana::first(accessor))>;
    using type =
        typename detail::checked_field<S, name_type, std::remove_cvref_t<decltype(of(std::declval<S&>()))>>::type;
};

/// How many fields a described struct has.
template <described S>
inline constexpr std::size_t field_count = decltype(boost::hana::length(boost::hana::accessors<S>()))::value;

/// Calls `f(name, member)` for each field in order of description. `object`: S or S const.
template <described S> constexpr void for_each_field(auto& object, auto&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (f(field<S, I>::name, field<S, I>::of(object)), ...);
    }(std::make_index_sequence<field_count<S>>{});
}

}  // namespace pgq
