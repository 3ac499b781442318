/// A strict reader of JSON texts, one token after the other, without a tree. Not a validator of what it skips beyond
/// its structure and its strings' bounds. Source: RFC 8259.
#pragma once

#include <pgq/codec/hex.hpp>
#include <pgq/codec/malformed.hpp>
#include <pgq/codec/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace pgq::detail {

/// Holds a view of the text: it must outlive the reader.
class json_reader {
public:
    explicit json_reader(std::string_view text) : rest_{text} {}
    /// For rows as triggers write them: a column of JSON is a string there.
    static json_reader of_columns(std::string_view text) {
        json_reader in{text};
        in.columns_ = true;
        return in;
    }
    [[nodiscard]] bool columns_are_strings() const { return columns_; }

    [[noreturn, gnu::cold]] void fail(char const* what) const {
        malformed_value(what, rest_.empty() ? std::string_view{"end of text"} : rest_);
    }

    void space() {
        while (!rest_.empty() &&
               (rest_.front() == ' ' || rest_.front() == '\n' || rest_.front() == '\t' || rest_.front() == '\r')) {
            rest_.remove_prefix(1);
        }
    }
    /// The next character that is no space; 0 at the end.
    char peek() {
        space();
        return rest_.empty() ? '\0' : rest_.front();
    }
    bool skip(char c) {
        if (peek() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void need(char c, char const* what) {
        if (!skip(c)) fail(what);
    }
    bool skip_word(std::string_view word) {
        space();
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void end() {
        space();
        if (!rest_.empty()) fail("not JSON: something follows the value");
    }

    /// A string's content: a view of the text where it has no escapes, otherwise made in `made`.
    std::string_view string(std::string& made) {
        need('"', "not a JSON string");
        auto part = plain_part();
        if (rest_.starts_with('"')) {
            rest_.remove_prefix(1);
            return part;
        }
        made.clear();
        for (;; part = plain_part()) {
            made += part;
            if (rest_.empty()) fail("not JSON: a string without end");
            char const c = rest_.front();
            if (static_cast<unsigned char>(c) < ' ') fail("not JSON: a control character inside a string");
            rest_.remove_prefix(1);
            if (c == '"') return made;
            escape(made);
        }
    }

    /// A number, true or false, as its own text.
    std::string_view scalar() {
        space();
        std::size_t at = 0;
        while (at < rest_.size() && rest_[at] != ',' && rest_[at] != '}' && rest_[at] != ']' && rest_[at] != ' ' &&
               rest_[at] != '\n' && rest_[at] != '\t' && rest_[at] != '\r') {
            ++at;
        }
        auto const text = rest_.substr(0, at);
        if (text != "true" && text != "false" && !number(text)) fail("not a JSON value");
        rest_.remove_prefix(at);
        return text;
    }

    /// Passes over any value and returns its text.
    std::string_view any() {
        space();
        auto const start = rest_;
        skip_value(0);
        return start.substr(0, start.size() - rest_.size());
    }

private:
    static constexpr int deepest = 200;

    /// Whether eight bytes are ASCII and none of them is a quote, a backslash or a control character. False is no
    /// proof.
    static bool eight_plain(char const* bytes) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, sizeof word);
        constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
        constexpr std::uint64_t high = 0x8080'8080'8080'8080;
        auto const some_below = [](std::uint64_t bytes_of, std::uint64_t limit) {
            return (bytes_of - ones * limit) & ~bytes_of;
        };
        std::uint64_t const found =
            word | some_below(word, ' ') | some_below(word ^ ones * '"', 1) | some_below(word ^ ones * '\\', 1);
        return (found & high) == 0;
    }

    /// Takes what stands before the next quote, backslash or control character.
    std::string_view plain_part() {
        std::size_t at = 0;
        unsigned all = 0;
        while (rest_.size() - at >= 8 && eight_plain(rest_.data() + at))
            at += 8;
        for (; at < rest_.size(); ++at) {
            unsigned const byte = static_cast<unsigned char>(rest_[at]);
            if (byte == '"' || byte == '\\' || byte < ' ') break;
            all |= byte;
        }
        auto const part = rest_.substr(0, at);
        if (all >= 0x80U && !is_utf8(part)) malformed_value("not JSON: a string that is not UTF-8", part);
        rest_.remove_prefix(at);
        return part;
    }

    static bool digits(std::string_view& text) {
        auto const before = text.size();
        while (!text.empty() && text.front() >= '0' && text.front() <= '9')
            text.remove_prefix(1);
        return text.size() != before;
    }
    static bool number(std::string_view text) {
        if (text.starts_with('-')) text.remove_prefix(1);
        bool const zero = text.starts_with('0');
        auto const before = text.size();
        if (!digits(text) || (zero && before - text.size() > 1)) return false;
        if (text.starts_with('.')) {
            text.remove_prefix(1);
            if (!digits(text)) return false;
        }
        if (text.starts_with('e') || text.starts_with('E')) {
            text.remove_prefix(1);
            if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
            if (!digits(text)) return false;
        }
        return text.empty();
    }

    void skip_value(int depth) {
        if (depth > deepest) fail("JSON nested too deep");
        std::string made;
        char const c = peek();
        if (c == '"') {
            string(made);
        } else if (c == '{' || c == '[') {
            char const close = c == '{' ? '}' : ']';
            skip(c);
            if (skip(close)) return;
            do {
                if (c == '{') {
                    string(made);
                    need(':', "not JSON: no colon after a name");
                }
                skip_value(depth + 1);
            } while (skip(','));
            need(close, "not JSON: an object or array without end");
        } else if (!skip_word("null")) {
            scalar();
        }
    }

    unsigned hex4() {
        unsigned value = 0;
        if (rest_.size() < 4) fail("not JSON: a broken \\u escape");
        for (int i = 0; i < 4; ++i) {
            int const digit = hex_digit(rest_[static_cast<std::size_t>(i)]);
            if (digit < 0) fail("not JSON: a broken \\u escape");
            value = value * 16 + static_cast<unsigned>(digit);
        }
        rest_.remove_prefix(4);
        return value;
    }

    void escape(std::string& out) {
        if (rest_.empty()) fail("not JSON: a string without end");
        char const c = rest_.front();
        rest_.remove_prefix(1);
        switch (c) {
        case '"':
        case '\\':
        case '/':
            out += c;
            return;
        case 'b':
            out += '\b';
            return;
        case 'f':
            out += '\f';
            return;
        case 'n':
            out += '\n';
            return;
        case 'r':
            out += '\r';
            return;
        case 't':
            out += '\t';
            return;
        case 'u':
            break;
        default:
            fail("not JSON: an unknown escape");
        }
        unsigned code = hex4();
        if (code >= 0xdc00U && code < 0xe000U) fail("not JSON: half a surrogate pair");
        if (code >= 0xd800U && code < 0xdc00U) {
            if (!rest_.starts_with("\\u")) fail("not JSON: half a surrogate pair");
            rest_.remove_prefix(2);
            unsigned const low = hex4();
            if (low < 0xdc00U || low >= 0xe000U) fail("not JSON: half a surrogate pair");
            code = 0x10000U + ((code - 0xd800U) << 10U) + (low - 0xdc00U);
        }
        if (code == 0) fail("JSON with a zero character, which no text in PostgreSQL can hold");
        append_utf8(out, code);
    }

    std::string_view rest_;
    bool columns_ = false;
};

}  // namespace pgq::detail
