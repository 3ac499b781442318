/// Reading the rows that COPY sends in the text format.
#pragma once

#include <pgq/error.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgq::libpq {

namespace detail {

/// Appends what the escape at the start of `text` (behind its backslash) stands for. @return characters read
inline std::size_t append_unescaped(std::string& out, std::string_view text) {
    auto const number = [&](std::size_t from, std::size_t most, int base) {
        unsigned value = 0;
        auto const part = text.substr(from, most);
        auto const end = std::from_chars(part.data(), part.data() + part.size(), value, base).ptr;
        out += static_cast<char>(static_cast<unsigned char>(value & 0xFFU));
        return from + static_cast<std::size_t>(end - part.data());
    };
    if (text.empty()) throw decode_error{"a COPY row ends in the middle of an escape"};
    switch (text.front()) {
    case 'b':
        out += '\b';
        return 1;
    case 'f':
        out += '\f';
        return 1;
    case 'n':
        out += '\n';
        return 1;
    case 'r':
        out += '\r';
        return 1;
    case 't':
        out += '\t';
        return 1;
    case 'v':
        out += '\v';
        return 1;
    case 'x':
        if (text.size() > 1 && std::string_view{"0123456789abcdefABCDEF"}.find(text[1]) != std::string_view::npos) {
            return number(1, 2, 16);
        }
        break;
    default:
        if (text.front() >= '0' && text.front() <= '7') return number(0, 3, 8);
    }
    out += text.front();
    return 1;
}

}  // namespace detail

/// The fields of one row. Views stay until the next read(): into the row itself where nothing was escaped.
class copy_row_reader {
public:
    /// `row`: with or without its line end. @throws decode_error
    std::vector<std::optional<std::string_view>> const& read(std::string_view row) {
        fields_.clear();
        owned_.clear();
        if (row.ends_with('\n')) row.remove_suffix(1);
        owned_.reserve(row.size());  // unescaping never makes a field longer, so views into it stay
        for (;;) {
            auto const cut = row.find('\t');
            fields_.push_back(field(row.substr(0, cut)));
            if (cut == std::string_view::npos) return fields_;
            row.remove_prefix(cut + 1);
        }
    }

private:
    std::optional<std::string_view> field(std::string_view text) {
        if (text == "\\N") return std::nullopt;
        auto escape = text.find('\\');
        if (escape == std::string_view::npos) return text;
        auto const start = owned_.size();
        while (escape != std::string_view::npos) {
            owned_.append(text, 0, escape);
            text.remove_prefix(escape + 1);
            text.remove_prefix(detail::append_unescaped(owned_, text));
            escape = text.find('\\');
        }
        owned_.append(text);
        return std::string_view{owned_}.substr(start);
    }

    std::vector<std::optional<std::string_view>> fields_{};
    std::string owned_{};
};

}  // namespace pgq::libpq
