/// Enumerations by name, as the server's enum types have them.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

/// Specialise with the names of your enumeration's values:
///   template <> inline constexpr auto pgq::enum_names<mood> = std::array{std::pair{mood::sad, "sad"}, ...};
template <class E> inline constexpr std::nullptr_t enum_names = nullptr;

/// An enumeration with names.
template <class E>
concept named_enum = std::is_enum_v<E> && !std::is_same_v<decltype(enum_names<E>), std::nullptr_t const>;

template <named_enum E> struct codec<E> {
    static constexpr std::string_view columns = "text varchar bpchar";  // and enum types

    static E parse(std::string_view text) {
        for (auto const& [value, name] : enum_names<E>) {
            if (text == name) return value;
        }
        detail::malformed_value("not a value of this enumeration", text);
    }
    /// @throws decode_error for a value that has no name
    static void append(std::string& out, E wanted) {
        for (auto const& [value, name] : enum_names<E>) {
            if (value == wanted) {
                out += name;
                return;
            }
        }
        detail::malformed_value("a value without name", std::to_string(static_cast<long long>(wanted)));
    }
};

}  // namespace pgq
