/// The names for which commits wait, as synchronous_standby_names writes them.
#pragma once

#include <walmgr/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

namespace detail {

/// As the server compares names: only letters of ASCII have small ones.
inline std::string in_small_letters(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace detail

/// A value of synchronous_standby_names, taken apart.
struct sync_names {
    std::size_t needed = 0;            ///< how many must confirm a commit; 0 when commits wait for nobody
    std::vector<std::string> names{};  ///< in small letters, as the server compares them; "*" is anybody

    /// Whether a standby of that application_name may confirm.
    [[nodiscard]] bool has(std::string_view application_name) const {
        auto const wanted = detail::in_small_letters(application_name);
        for (auto const& name : names) {
            if (name == "*" || name == wanted) return true;
        }
        return false;
    }
};

namespace detail {

/// Reads one value from its front to its end.
class sync_names_text {
public:
    explicit sync_names_text(std::string_view text) : text_{text} {}

    [[nodiscard]] sync_names parse() {
        sync_names read;
        blank();
        if (rest().empty()) return read;
        auto first = word();
        bool const counted = in_small_letters(first.text) == "first" || in_small_letters(first.text) == "any";
        if (counted && !first.quoted && !at(',') && !rest().empty()) first = word();
        if (take('(')) {
            for (char const c : first.text) {
                if (c < '0' || c > '9' || read.needed > most) refuse();
                read.needed = read.needed * 10 + static_cast<std::size_t>(c - '0');
            }
            if (first.quoted || read.needed == 0) refuse();
            list(read, word());
            if (!take(')')) refuse();
        } else {
            if (counted && first.text.find_first_not_of("0123456789") == first.text.npos) refuse();
            read.needed = 1;
            list(read, first);
        }
        if (!rest().empty()) refuse();
        return read;
    }

private:
    static constexpr std::size_t most = 10'000;
    struct token {
        std::string text;
        bool quoted;
    };

    [[noreturn]] void refuse() const {
        throw error{fault::usage, "\"" + std::string{text_} +
                                      "\" is no list of standbys; write a, b or FIRST 2 (a, b, c) or ANY 2 (a, b, c), "
                                      "with double quotes around a name that has other signs than letters and digits"};
    }
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    [[nodiscard]] bool at(char c) const { return !rest().empty() && rest().front() == c; }
    void blank() {
        while (!rest().empty() && std::string_view{" \t\r\n"}.find(rest().front()) != std::string_view::npos)
            ++at_;
    }
    bool take(char c) {
        if (!at(c)) return false;
        ++at_;
        blank();
        return true;
    }
    token word() {
        token out{{}, at('"')};
        if (out.quoted) {
            for (++at_;; ++at_) {
                if (rest().empty()) refuse();
                if (at('"') && (++at_, !at('"'))) break;
                out.text += rest().front();
            }
        } else if (at('*')) {
            out.text = "*";
            ++at_;
        } else {
            auto const end = rest().find_first_of(" \t\r\n,()\"*");
            out.text = rest().substr(0, end);
            at_ += out.text.size();
        }
        if (out.text.empty()) refuse();
        blank();
        return out;
    }
    void list(sync_names& read, token first) {
        read.names.push_back(in_small_letters(first.text));
        while (take(','))
            read.names.push_back(in_small_letters(word().text));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace detail

/// @throws error  usage, for what the server would not take
inline sync_names parse_sync_names(std::string_view text) {
    return detail::sync_names_text{text}.parse();
}

}  // namespace walmgr
