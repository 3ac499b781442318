/// The text of a row as the server writes it, `(1,"a b",)`: what `select pgq.insert_event('q', 't', r::text) from r`
/// sends. Columns have places and no names: not for tables whose columns come and go anywhere but at the end. Source:
/// PostgreSQL documentation, section "Composite Type Input and Output Syntax".
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/fields.hpp>
#include <pgq/payload/unknown_fields.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {

namespace detail {

/// Takes a row's text apart.
class row_reader {
public:
    explicit row_reader(std::string_view text) : whole_{text}, rest_{text} {
        if (rest_.size() < 2 || !rest_.starts_with('(') || !rest_.ends_with(')')) fail();
        rest_ = rest_.substr(1, rest_.size() - 2);
    }

    /// False after the last column. NULL comes as nothing; other values live until the next call.
    bool next(std::optional<std::string_view>& value) {
        if (!more_) return false;
        auto const end = rest_.find_first_of(",\"\\()");
        if (end == rest_.npos || rest_[end] == ',') {
            auto const plain = rest_.substr(0, end);
            value = plain.empty() ? std::nullopt : std::optional{plain};
            rest_.remove_prefix(plain.size());
        } else {
            value = quoted_value();
        }
        more_ = !rest_.empty();
        if (more_) rest_.remove_prefix(1);  // the comma
        return true;
    }

private:
    [[noreturn]] void fail() const { malformed_value("not a row's text", whole_); }

    /// Up to a comma outside of quotes. Two quotes inside of quotes stand for one.
    std::string_view quoted_value() {
        made_.clear();
        bool inside = false;
        std::size_t i = 0;
        for (; i < rest_.size() && (inside || rest_[i] != ','); ++i) {
            char const c = rest_[i];
            if (c == '\\') {
                if (++i == rest_.size()) fail();
                made_ += rest_[i];
            } else if (c == '"') {
                if (inside && rest_.substr(i + 1, 1) == "\"") {
                    made_ += rest_[++i];
                } else {
                    inside = !inside;
                }
            } else {
                if (!inside && (c == '(' || c == ')')) fail();
                made_ += c;
            }
        }
        if (inside) fail();
        rest_.remove_prefix(i);
        return made_;
    }

    std::string_view whole_;
    std::string_view rest_;
    std::string made_{};
    bool more_ = true;
};

inline void append_row_value(std::string& out, std::string_view text) {
    if (!text.empty() && text.find_first_of(",\"\\() \t\n\r\v\f") == text.npos) {
        out += text;
        return;
    }
    out += '"';
    for (char const c : text) {
        if (c == '"' || c == '\\') out += c;
        out += c;
    }
    out += '"';
}

/// @throws decode_error for the first field from `first` on that must be there
template <described E> void require_optional_from(std::size_t first) {
    for (std::size_t i = first; i < field_count<E>; ++i) {
        if (required_fields<E>[i]) missing_field(field_names<E>[i]);
    }
}

template <class E> struct checked_row {
    static_assert(!keeps_unknown<E>, "pgq: a row's text has no names by which unknown fields could be kept, for the "
                                     "struct named above");
};

}  // namespace detail

/// Reads and writes described structs whose fields all have codecs and stand in the order of the columns. Columns after
/// the described ones are passed over, or refused where the struct refuses unknown fields; missing ones leave an
/// optional empty and what the struct lists as `defaulted` as it was made, and are an error for any other field.
struct row_text {
    /// @throws decode_error naming the field
    template <described E> static E read(std::string_view data) {
        static_cast<void>(detail::checked_row<E>{});
        E result{};
        detail::row_reader in{data};
        std::size_t index = 0;
        for (std::optional<std::string_view> value; in.next(value); ++index) {
            detail::with_field(result, index,
                               [&](std::string_view name, auto& member) { detail::store_field(name, value, member); });
        }
        if (detail::refuses_unknown<E> && index > field_count<E>)
            throw decode_error{"more columns than fields: " + std::to_string(index)};
        detail::require_optional_from<E>(index);
        return result;
    }

    /// Appends the value to `out`.
    template <described E> static void append(std::string& out, E const& value) {
        char before = '(';
        std::string text;
        auto const put = [&](auto const& plain) {
            using plain_type = std::remove_cvref_t<decltype(plain)>;
            if constexpr (detail::checked_plain<plain_type>::fits) {
                text.clear();
                codec<plain_type>::append(text, plain);
                detail::append_row_value(out, text);
            }
        };
        for_each_field<E>(value, [&]<class T>(std::string_view, T const& member) {
            out += std::exchange(before, ',');
            if constexpr (detail::is_optional<T>) {
                if (member) put(*member);
            } else {
                put(member);
            }
        });
        out += before == '(' ? "()" : ")";
    }

    template <described E> static std::string write(E const& value) {
        std::string out;
        append(out, value);
        return out;
    }
};

}  // namespace pgq
