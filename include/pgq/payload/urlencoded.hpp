/// The payload of pgq.logutriga and of python-pgq: `name=value&name=value`, a bare name for NULL.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/fields.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

namespace detail {

constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The text without its escapes. Text that has none comes back as it is; otherwise it is made in `space`.
inline std::string_view url_decoded(std::string_view text, std::string& space) {
    auto const first = text.find_first_of("%+");
    if (first == text.npos) return text;
    space.assign(text, 0, first);
    for (std::size_t i = first; i < text.size(); ++i) {
        if (text[i] == '+') {
            space += ' ';
        } else if (text[i] != '%') {
            space += text[i];
        } else {
            bool const whole = i + 2 < text.size();
            int const high = whole ? hex_digit(text[i + 1]) : -1;
            int const low = whole ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) malformed_value("a % that two hex digits do not follow", text.substr(i));
            space += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return space;
}

inline void url_encode(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
                           c == '-';
        if (plain) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            auto const byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
}

/// Calls `each(name, value)` for each pair; the value is nothing for NULL. Names and values live until the next pair.
inline void for_each_pair(std::string_view data, auto const& each) {
    std::string name_space;
    std::string value_space;
    while (!data.empty()) {
        auto const end = data.find('&');
        auto const pair = data.substr(0, end);
        data.remove_prefix(end == data.npos ? data.size() : end + 1);
        auto const equals = pair.find('=');
        auto const name = url_decoded(pair.substr(0, equals), name_space);
        if (equals == pair.npos) {
            each(name, std::optional<std::string_view>{});
        } else {
            each(name, std::optional{url_decoded(pair.substr(equals + 1), value_space)});
        }
    }
}

}  // namespace detail

/// Reads and writes described structs whose fields all have codecs. Unknown names are passed over, a name that comes twice
/// counts the last time, a missing one leaves an optional empty and is an error for any other field.
/// Source of the format: PgQ, function pgq.logutriga.
struct urlencoded {
    /// @throws decode_error naming the field
    template <described E> static E read(std::string_view data) {
        E result{};
        detail::field_finder<E> fields;
        detail::for_each_pair(data, [&](std::string_view name, std::optional<std::string_view> value) {
            detail::with_field(result, fields.find(name), [&](std::string_view field, auto& member) {
                detail::store_field(field, value, member);
            });
        });
        fields.require_all();
        return result;
    }

    /// Appends the value to `out`.
    template <described E> static void append(std::string& out, E const& value) {
        bool first = true;
        std::string text;
        for_each_field<E>(value, [&]<class T>(std::string_view field, T const& member) {
            if (!std::exchange(first, false)) out += '&';
            detail::url_encode(out, field);
            auto const put = [&](auto const& plain) {
                text.clear();
                codec<std::remove_cvref_t<decltype(plain)>>::append(text, plain);
                out += '=';
                detail::url_encode(out, text);
            };
            if constexpr (detail::is_optional<T>) {
                if (member) put(*member);
            } else {
                put(member);
            }
        });
    }

    template <described E> static std::string write(E const& value) {
        std::string out;
        append(out, value);
        return out;
    }
};

}  // namespace pgq
