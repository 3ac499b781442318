/// The customisation point for field and parameter types: text to value and back.
/// Models for common types are in <pgq/codec/...>; this header holds the protocol only.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {

/// Specialise for your type:
///   static T parse(std::string_view text);            // throws pgq::decode_error
///   static void append(std::string& out, T const&);   // the text PostgreSQL's input function takes
///   static constexpr std::string_view columns = "int2 int4";   // if wanted: the server's types whose texts it reads
/// NULL is not the codec's business: it is `std::optional<T>`, or an error for any other T.
template <class T> struct codec;

/// A type that can be a field of an event and a parameter of a statement: `codec<T>` parses the server's text form,
/// throwing decode_error for what is none, and appends it.
template <class T>
concept field_codec = requires(std::string_view text, std::string& out, T const& value) {
    { codec<T>::parse(text) } -> std::same_as<T>;
    codec<T>::append(out, value);
};

namespace detail {
template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;
template <class T> struct without_optional {
    using type = T;
};
template <class T> struct without_optional<std::optional<T>> {
    using type = T;
};
}  // namespace detail

/// A field that has a codec, or an optional of one.
template <class T> concept nullable_codec = field_codec<typename detail::without_optional<T>::type>;

}  // namespace pgq
