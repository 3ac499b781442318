/// The payload of pgq.jsontriga and of everybody who writes JSON objects.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/floating.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/fields.hpp>
#include <pgq/payload/json_reader.hpp>
#include <pgq/payload/json_string.hpp>
#include <pgq/payload/unknown_fields.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pgq {

namespace detail {

template <class T> inline constexpr bool is_vector = false;
template <class T> inline constexpr bool is_vector<std::vector<T>> = true;
template <> inline constexpr bool is_vector<std::vector<std::byte>> = false;  // these are one value

/// A type whose text is JSON already.
template <class T> concept json_codec = field_codec<T> && requires { requires codec<T>::text_is_json; };

template <class T> void read_json(json_reader& in, std::string_view name, T& value);

/// A value that the struct does not describe.
template <class E> void read_unknown_json(json_reader& in, std::string_view name, unknown_taker<E>& unknown) {
    if constexpr (keeps_unknown<E>) {
        std::string const kept_name{name};  // the view may be of what the value's text is made in
        std::string made;
        if (in.peek() == '"') unknown.take(kept_name, in.string(made), false);
        else if (in.skip_word("null")) unknown.take(kept_name, std::nullopt, false);
        else unknown.take(kept_name, in.any(), true);
    } else {
        unknown.take(name, std::nullopt, false);
        in.any();
    }
}

template <described E> void read_json_object(json_reader& in, E& object) {
    std::string made;
    field_finder<E> fields;
    unknown_taker<E> unknown{object};
    in.need('{', "not a JSON object");
    if (!in.skip('}')) {
        do {
            auto const written = in.string(made);
            auto const index = fields.find(written);
            in.need(':', "not JSON: no colon after a name");
            if (index == fields.none) {
                read_unknown_json(in, written, unknown);
            } else {
                with_field(object, index, [&](std::string_view name, auto& member) { read_json(in, name, member); });
            }
        } while (in.skip(','));
        in.need('}', "not JSON: an object without end");
    }
    unknown.end();
    fields.require_all();
}

template <class T> void read_json_array(json_reader& in, std::string_view name, std::vector<T>& values) {
    values.clear();
    in.need('[', "not a JSON array");
    if (in.skip(']')) return;
    do {
        T value{};
        read_json(in, name, value);
        values.push_back(std::move(value));
    } while (in.skip(','));
    in.need(']', "not JSON: an array without end");
}

template <class T> void read_json(json_reader& in, std::string_view name, T& value) {
    if constexpr (is_optional<T>) {
        if (in.skip_word("null")) {
            value.reset();
        } else {
            read_json(in, name, value.emplace());
        }
    } else if constexpr (described<T>) {
        if (in.skip_word("null")) null_field(name);
        try {
            read_json_object(in, value);
        } catch (decode_error const& problem) { wrong_field(name, problem); }
    } else if constexpr (json_codec<T>) {
        std::string made;
        store_field(name, in.columns_are_strings() && in.peek() == '"' ? in.string(made) : in.any(), value);
    } else if constexpr (is_vector<T>) {
        std::string made;
        // Triggers write arrays of a table as strings of the server's own array form.
        if constexpr (field_codec<T>) {
            if (in.peek() == '"') return store_field(name, in.string(made), value);
        }
        if (in.skip_word("null")) null_field(name);
        read_json_array(in, name, value);
    } else {
        if (in.skip_word("null")) null_field(name);
        std::string made;
        char const first = in.peek();
        bool const structured = first == '{' || first == '[';
        auto const text = first == '"' ? in.string(made) : structured ? in.any() : in.scalar();
        store_field(name, text, value);
    }
}

template <class T> void append_json(std::string& out, T const& value);

template <described E> void append_json_object(std::string& out, E const& object) {
    char before = '{';
    for_each_field<E>(object, [&](std::string_view name, auto const& member) {
        out += std::exchange(before, ',');
        append_json_string(out, name);
        out += ':';
        append_json(out, member);
    });
    if constexpr (keeps_unknown<E>) {
        for (auto const& kept : object.unknown_fields.fields) {
            out += std::exchange(before, ',');
            append_json_string(out, kept.name);
            out += ':';
            if (!kept.text) out += "null";
            else if (kept.bare) out += *kept.text;
            else append_json_string(out, *kept.text);
        }
    }
    if (before == '{') out += '{';
    out += '}';
}

template <class T> void append_json(std::string& out, T const& value) {
    if constexpr (is_optional<T>) {
        if (value) {
            append_json(out, *value);
        } else {
            out += "null";
        }
    } else if constexpr (described<T>) {
        append_json_object(out, value);
    } else if constexpr (is_vector<T>) {
        char before = '[';
        for (auto const& each : value) {
            out += std::exchange(before, ',');
            append_json(out, static_cast<typename T::value_type const&>(each));
        }
        if (before == '[') out += '[';
        out += ']';
    } else if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (json_codec<T>) {
        codec<T>::append(out, value);
    } else {
        if constexpr (std::integral<T>) {
            codec<T>::append(out, value);
        } else {
            if constexpr (std::floating_point<T>) {
                if (finite(value)) return codec<T>::append(out, value);
            }
            std::string text;
            codec<T>::append(text, value);
            append_json_string(out, text);
        }
    }
}

}  // namespace detail

/// Reads and writes described structs as JSON objects: fields with codecs, optionals, described structs and vectors of
/// these. Unknown names: <pgq/payload/unknown_fields.hpp>. A missing one leaves an optional empty and what is listed in
/// the struct's static member `defaulted` as the struct's initialisers made it; for any other field it is an error.
/// A number, true, false or string is handed to the field's codec as its text.
struct json {
    /// @throws decode_error naming the field
    template <described E> static E read(std::string_view data) {
        E result{};
        detail::json_reader in{data};
        detail::read_json_object(in, result);
        in.end();
        return result;
    }

    /// Appends the value to `out`.
    template <described E> static void append(std::string& out, E const& value) {
        detail::append_json_object(out, value);
    }

    template <described E> static std::string write(E const& value) {
        std::string out;
        append(out, value);
        return out;
    }
};

}  // namespace pgq
