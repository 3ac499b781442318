/// The whole of ev_data as one value: `on<greeting, pgq::raw>(...)`, for events that hold a plain text or a number, and
/// for payloads in a form of their own.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/error.hpp>
#include <pgq/field.hpp>

#include <string>
#include <string_view>

namespace pgq {

namespace detail {

template <class E> struct checked_raw {
    static constexpr bool fits = [] {
        if constexpr (field_count<E> == 1) return field_codec<typename field<E, 0>::type>;
        else return false;
    }();
    static_assert(fits,
                  "pgq::raw reads and writes structs with one field, which has a codec, unlike the one named above");
};

}  // namespace detail

/// Reads and writes described structs of one field that has a codec: the payload is that field's text.
struct raw {
    /// @throws decode_error
    template <described E> static E read(std::string_view data) {
        E result{};
        if constexpr (detail::checked_raw<E>::fits)
            field<E, 0>::of(result) = codec<typename field<E, 0>::type>::parse(data);
        return result;
    }

    /// Appends the value to `out`.
    template <described E> static void append(std::string& out, E const& value) {
        if constexpr (detail::checked_raw<E>::fits)
            codec<typename field<E, 0>::type>::append(out, field<E, 0>::of(value));
    }

    template <described E> static std::string write(E const& value) {
        std::string out;
        append(out, value);
        return out;
    }
};

}  // namespace pgq
