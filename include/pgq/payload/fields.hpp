/// What payload formats share: which member a name means, and which were not named. Not for users.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>
#include <pgq/error.hpp>
#include <pgq/field.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq::detail {

[[noreturn, gnu::cold]] inline void missing_field(std::string_view name) {
    throw decode_error{"field \"" + std::string{name} + "\" is missing"};
}
[[noreturn, gnu::cold]] inline void null_field(std::string_view name) {
    throw decode_error{"field \"" + std::string{name} + "\" is null where a value is needed"};
}
[[noreturn, gnu::cold]] inline void wrong_field(std::string_view name, decode_error const& problem) {
    throw decode_error{"field \"" + std::string{name} + "\": " + problem.what()};
}

template <described E>
inline constexpr auto field_names = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<std::string_view, sizeof...(I)>{field<E, I>::name...};
}(std::make_index_sequence<field_count<E>>{});

/// A struct with a static list `defaulted` of the fields that may be missing.
template <class E>
concept lists_defaulted = requires {
    requires !std::is_member_pointer_v<decltype(&E::defaulted)>;
    std::string_view{E::defaulted[0]};
};

template <class E> struct checked_defaults {
    static constexpr bool fits = [] {
        for (std::string_view const wanted : E::defaulted) {
            bool found = false;
            for (auto const name : field_names<E>)
                found = found || name == wanted;
            if (!found) return false;
        }
        return true;
    }();
    static_assert(fits, "pgq: `defaulted` lists a name that is no field of the struct named above");
};

/// Which fields a payload must have: all but optionals and those that the struct lists as `defaulted`.
template <described E>
inline constexpr auto required_fields = []<std::size_t... I>(std::index_sequence<I...>) {
    std::array<bool, sizeof...(I) + 1> required{!is_optional<typename field<E, I>::type>...};
    if constexpr (lists_defaulted<E>) {
        static_cast<void>(checked_defaults<E>{});
        for (std::size_t i = 0; i < sizeof...(I); ++i) {
            for (std::string_view const name : E::defaulted) {
                if (name == field_names<E>[i]) required[i] = false;
            }
        }
    }
    required[sizeof...(I)] = false;  // the end, so that a struct without fields has an array too
    return required;
}(std::make_index_sequence<field_count<E>>{});

/// Finds fields by name, and knows which came. Writers put fields in one order, so the next one is looked at first.
template <described E> class field_finder {
public:
    static constexpr std::size_t none = field_count<E>;

    std::size_t find(std::string_view name) {
        if (next_ < none && field_names<E>[next_] == name) return take(next_);
        for (std::size_t i = 0; i < none; ++i) {
            if (field_names<E>[i] == name) return take(i);
        }
        return none;
    }

    /// @throws decode_error for the first field that never came and must
    void require_all() const {
        for (std::size_t i = 0; i < none; ++i) {
            if (required_fields<E>[i] && !seen_[i]) missing_field(field_names<E>[i]);
        }
    }

private:
    std::size_t take(std::size_t index) {
        seen_[index] = true;
        next_ = index + 1;
        return index;
    }

    std::array<bool, none + 1> seen_{};
    std::size_t next_ = 0;
};

/// Calls `f(name, member)` for the field of that index.
template <described E> void with_field(E& object, std::size_t index, auto const& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        static_cast<void>(((I == index ? (f(field<E, I>::name, field<E, I>::of(object)), true) : false) || ...));
    }(std::make_index_sequence<field_count<E>>{});
}

/// Asks for a codec where a format has no room for the fields of a struct.
template <class T> struct checked_plain {
    static constexpr bool fits = field_codec<T>;
    static_assert(fits,
                  "pgq: structs inside of structs, and vectors of them, travel in JSON only: take pgq::json, or a "
                  "field of type pgq::json_text, for the T named above");
};

/// Stores a text value, or NULL, in a member; a failure names the field.
template <class T> void store_field(std::string_view name, std::optional<std::string_view> value, T& member) {
    using plain = typename without_optional<T>::type;
    static_assert(
        !std::is_same_v<plain, std::string_view>,
        "pgq: a field of type std::string_view can be written but not read, as escapes are resolved in a text that "
        "is gone afterwards: use std::string");
    if constexpr (checked_plain<plain>::fits) {
        if (!value) {
            if constexpr (is_optional<T>) {
                member.reset();
                return;
            } else {
                null_field(name);
            }
        }
        try {
            member = codec<plain>::parse(*value);
        } catch (decode_error const& problem) { wrong_field(name, problem); }
    }
}

}  // namespace pgq::detail
