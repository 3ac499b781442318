/// Event types whose layout has changed: `order.placed` is version 1, `order.placed@2` the next. The version stands in
/// the event's type, so that it is seen without decoding, by SQL too, and in any payload format.
///
/// The newest struct says how it is made of the one before, which needs no event_type and may say the same of an older
/// one:
///   static order_placed upgrade(order_placed_v1 const& old) { ... }
/// Each step counts one version; `static constexpr int version = 5;` counts anew, for layouts whose history is gone.
#pragma once

#include <pgq/error.hpp>
#include <pgq/field.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

namespace detail {

template <class E, class Old> std::remove_cvref_t<Old> upgraded_by(E (*)(Old));

template <class E> concept mentions_upgrade = requires { &E::upgrade; };
template <class E> concept has_upgrade = requires { upgraded_by<E>(&E::upgrade); };

template <class E> struct checked_upgrade {
    static constexpr bool fits = [] {
        if constexpr (has_upgrade<E>) return described<decltype(upgraded_by<E>(&E::upgrade))>;
        else return !mentions_upgrade<E>;
    }();
    static_assert(fits, "pgq: upgrade must be `static E upgrade(Old const&)`, for the E named above and a described "
                        "struct Old (BOOST_HANA_DEFINE_STRUCT)");
};

template <class E> constexpr int version_number() {
    constexpr bool declared = requires { int{E::version}; };
    int number = 1;
    if constexpr (has_upgrade<E>) number = version_number<decltype(upgraded_by<E>(&E::upgrade))>() + 1;
    if constexpr (declared) {
        static_assert(E::version > 0, "pgq: versions count from 1");
        number = E::version;
    }
    return number;
}

/// 0 when `type` is neither `name` nor a version of it.
constexpr int version_in(std::string_view type, std::string_view name) {
    if (type.size() == name.size()) return type == name ? 1 : 0;
    if (type.size() < name.size() + 2 || type.size() > name.size() + 9) return 0;
    if (type[name.size()] != '@' || !type.starts_with(name) || type[name.size() + 1] == '0') return 0;
    int number = 0;
    for (char const c : type.substr(name.size() + 1)) {
        if (c < '0' || c > '9') return 0;
        number = number * 10 + (c - '0');
    }
    return number;
}

[[noreturn, gnu::cold]] void unknown_version(int version, int newest);

template <class Format, class E> E read_version(std::string_view data, int version) {
    constexpr int own = version_number<E>();
    if (version == own) return Format::template read<E>(data);
    if constexpr (has_upgrade<E>) {
        if (version < own)
            return E::upgrade(read_version<Format, decltype(upgraded_by<E>(&E::upgrade))>(data, version));
    }
    unknown_version(version, own);
}

template <class E>
inline constexpr auto versioned_name = [] {
    constexpr std::string_view name = event_type_of<E>;
    std::array<char, name.size() + 9> text{};
    std::size_t size = 0;
    for (char const c : name)
        text[size++] = c;
    text[size++] = '@';
    int power = 1;
    while (version_number<E>() / power >= 10)
        power *= 10;
    for (; power > 0; power /= 10)
        text[size++] = static_cast<char>('0' + version_number<E>() / power % 10);
    return std::pair{text, size};
}();

}  // namespace detail

/// The version of a layout; 1 for a struct that says nothing of it.
template <described E> inline constexpr int version_of = detail::version_number<E>();

/// The ev_type under which events of this layout are written.
template <event_struct E> constexpr std::string_view written_type_of() {
    static_cast<void>(detail::checked_upgrade<E>{});
    if constexpr (version_of<E> == 1) return event_type_of<E>;
    else return {detail::versioned_name<E>.first.data(), detail::versioned_name<E>.second};
}

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/versions.ipp>
#endif
