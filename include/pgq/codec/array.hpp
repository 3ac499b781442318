/// One-dimensional arrays in the server's own form: {1,2}, {"a b",NULL}.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pgq {

namespace detail {

/// Takes an array's text apart. Source: PostgreSQL documentation, section "Array Input and Output Syntax".
class array_reader {
public:
    explicit array_reader(std::string_view text) : whole_{text}, rest_{text} {
        if (rest_.starts_with('[')) fail();  // bounds other than from 1
        if (!rest_.starts_with('{') || !rest_.ends_with('}') || rest_.size() < 2) fail();
        rest_ = rest_.substr(1, rest_.size() - 2);
        more_ = !rest_.empty();
    }

    /// False after the last element. An element that is NULL comes as nothing; others live until the next call.
    bool next(std::optional<std::string_view>& element) {
        if (!more_) return false;
        made_.clear();
        if (rest_.starts_with('"')) {
            quoted();
            element = made_;
        } else {
            auto const end = rest_.find(',');
            auto const text = rest_.substr(0, end);
            if (text.empty() || text.find_first_of("{}\"\\") != text.npos) fail();
            element = text == "NULL" || text == "null" ? std::nullopt : std::optional{text};
            rest_.remove_prefix(text.size());
        }
        more_ = rest_.starts_with(',');
        if (more_) rest_.remove_prefix(1);
        if (!more_ && !rest_.empty()) fail();
        return true;
    }

    [[noreturn]] void fail() const { malformed_value("not an array of one dimension", whole_); }

private:
    void quoted() {
        std::size_t i = 1;
        for (; i < rest_.size() && rest_[i] != '"'; ++i) {
            if (rest_[i] == '\\' && ++i == rest_.size()) fail();
            made_ += rest_[i];
        }
        if (i >= rest_.size()) fail();
        rest_.remove_prefix(i + 1);
    }

    std::string_view whole_;
    std::string_view rest_;
    std::string made_{};
    bool more_ = false;
};

inline void append_array_element(std::string& out, std::string_view text) {
    out += '"';
    for (char const c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

}  // namespace detail

namespace detail {
/// What the server takes for an element. An array of arrays is another form, and bytes are no array.
template <class T> inline constexpr bool array_element = !std::is_same_v<T, std::byte>;
template <class T> inline constexpr bool array_element<std::vector<T>> = std::is_same_v<T, std::byte>;
}  // namespace detail

/// Vectors of anything that has a codec, or of optionals of it where elements may be NULL.
template <nullable_codec T>
    requires detail::array_element<typename detail::without_optional<T>::type>
struct codec<std::vector<T>> {
    static std::vector<T> parse(std::string_view text) {
        static_assert(!std::is_same_v<typename detail::without_optional<T>::type, std::string_view>,
                      "pgq: a std::string_view would outlive the text that an array is read from: use std::string");
        detail::array_reader in{text};
        std::vector<T> values;
        for (std::optional<std::string_view> element; in.next(element);) {
            if (element) {
                values.push_back(codec<typename detail::without_optional<T>::type>::parse(*element));
            } else if constexpr (detail::is_optional<T>) {
                values.push_back(std::nullopt);
            } else {
                detail::malformed_value("an array with NULL where values are needed", text);
            }
        }
        return values;
    }
    static void append(std::string& out, std::vector<T> const& values) {
        char before = '{';
        std::string text;
        auto const put = [&](auto const& value) {
            text.clear();
            codec<std::remove_cvref_t<decltype(value)>>::append(text, value);
            detail::append_array_element(out, text);
        };
        for (T const& value : values) {
            out += std::exchange(before, ',');
            if constexpr (detail::is_optional<T>) {
                if (value) {
                    put(*value);
                } else {
                    out += "NULL";
                }
            } else {
                put(value);
            }
        }
        out += before == '{' ? "{}" : "}";
    }
};

}  // namespace pgq
