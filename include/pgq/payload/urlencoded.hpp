/// The payload of pgq.logutriga and of python-pgq: `name=value&name=value`, a bare name for NULL.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/hex.hpp>
#include <pgq/codec/malformed.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/fields.hpp>
#include <pgq/payload/unknown_fields.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

namespace detail {

/// Where decoded text is made: most of it fits without an allocation.
class decode_space {
public:
    char* of_size(std::size_t size) {
        if (size <= small_.size()) return small_.data();
        if (large_.size() < size) large_.resize(size);
        return large_.data();
    }

private:
    std::array<char, 256> small_;  // on purpose not initialised
    std::string large_{};
};

/// Copies `size` bytes with each + as a space, eight at a time: this is where the time of reading goes.
inline void copy_spaced(char* to, char const* from, std::size_t size) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    constexpr std::uint64_t low = ones * 0x7f;
    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, from + at, sizeof word);
        auto const other = word ^ ones * '+';
        auto const is_plus = ~(((other & low) + low) | other | low) >> 7U;  // 1 in each byte that is a +
        word ^= is_plus * ('+' ^ ' ');
        std::memcpy(to + at, &word, sizeof word);
    }
    for (; at < size; ++at)
        to[at] = from[at] == '+' ? ' ' : from[at];
}

/// The text without its escapes. Text that has none comes back as it is; otherwise it is made in `space`.
inline std::string_view url_decoded(std::string_view text, decode_space& space) {
    auto percent = text.find('%');
    if (percent == text.npos && text.find('+') == text.npos) return text;
    char* const made = space.of_size(text.size());  // escapes only shrink it
    char* out = made;
    for (; percent != text.npos; percent = text.find('%')) {
        copy_spaced(out, text.data(), percent);
        out += percent;
        bool const whole = percent + 2 < text.size();
        int const high = whole ? hex_digit(text[percent + 1]) : -1;
        int const low = whole ? hex_digit(text[percent + 2]) : -1;
        if (high < 0 || low < 0) malformed_value("a % that two hex digits do not follow", text.substr(percent));
        *out++ = static_cast<char>(high * 16 + low);
        text.remove_prefix(percent + 3);
    }
    copy_spaced(out, text.data(), text.size());
    return {made, static_cast<std::size_t>(out - made) + text.size()};
}

inline void url_encode(std::string& out, std::string_view text) {
    for (char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                           c == '.' || c == '-';
        if (plain) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            out += '%';
            append_hex(out, static_cast<unsigned char>(c));
        }
    }
}

/// Takes the name of the next pair off `data`, up to its = or &. Names are short: a loop beats the library's searches.
inline std::string_view take_name(std::string_view& data, decode_space& space) {
    std::size_t end = 0;
    bool escaped = false;
    for (; end < data.size() && data[end] != '=' && data[end] != '&'; ++end) {
        escaped |= data[end] == '%' || data[end] == '+';
    }
    auto const name = data.substr(0, end);
    data.remove_prefix(end);
    return escaped ? url_decoded(name, space) : name;
}

/// Calls `each(name, value)` for each pair; the value is nothing for NULL. Names and values live until the next pair.
inline void for_each_pair(std::string_view data, auto const& each) {
    decode_space name_space;
    decode_space value_space;
    while (!data.empty()) {
        auto const name = take_name(data, name_space);
        if (data.starts_with('=')) {
            auto const end = data.find('&');
            auto const value = data.substr(1, end == data.npos ? end : end - 1);
            data.remove_prefix(value.size() + 1);
            each(name, std::optional{url_decoded(value, value_space)});
        } else {
            each(name, std::optional<std::string_view>{});
        }
        if (!data.empty()) data.remove_prefix(1);  // the &
    }
}

}  // namespace detail

/// Reads and writes described structs whose fields all have codecs. Unknown names:
/// <pgq/payload/unknown_fields.hpp>. A name that comes twice counts the last time; a missing one leaves an optional
/// empty and what is listed in the struct's static member `defaulted` as the struct's initialisers made it, and is an
/// error for any other field. Source of the format: PgQ, function pgq.logutriga.
struct urlencoded {
    /// @throws decode_error naming the field
    template <described E> static E read(std::string_view data) {
        E result{};
        detail::field_finder<E> fields;
        detail::unknown_taker<E> unknown{result};
        detail::for_each_pair(data, [&](std::string_view name, std::optional<std::string_view> value) {
            auto const index = fields.find(name);
            if (index == fields.none) {
                if (!name.empty() || value) unknown.take(name, value, false);
            } else {
                detail::with_field(result, index, [&](std::string_view field, auto& member) {
                    detail::store_field(field, value, member);
                });
            }
        });
        unknown.end();
        fields.require_all();
        return result;
    }

    /// Appends the value to `out`.
    template <described E> static void append(std::string& out, E const& value) {
        bool first = true;
        std::string text;
        auto const name = [&](std::string_view field) {
            if (!std::exchange(first, false)) out += '&';
            detail::url_encode(out, field);
        };
        for_each_field<E>(value, [&]<class T>(std::string_view field, T const& member) {
            name(field);
            auto const put = [&](auto const& plain) {
                using plain_type = std::remove_cvref_t<decltype(plain)>;
                if constexpr (detail::checked_plain<plain_type>::fits) {
                    text.clear();
                    codec<plain_type>::append(text, plain);
                    out += '=';
                    detail::url_encode(out, text);
                }
            };
            if constexpr (detail::is_optional<T>) {
                if (member) put(*member);
            } else {
                put(member);
            }
        });
        if constexpr (detail::keeps_unknown<E>) {
            for (auto const& kept : value.unknown_fields.fields) {
                name(kept.name);
                if (!kept.text) continue;
                out += '=';
                detail::url_encode(out, *kept.text);
            }
        }
    }

    template <described E> static std::string write(E const& value) {
        std::string out;
        append(out, value);
        return out;
    }
};

}  // namespace pgq
