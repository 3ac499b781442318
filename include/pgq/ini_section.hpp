/// One section of a configuration file: typed values, and complaints that name file and line. Reading the file:
/// <pgq/ini.hpp>.
#pragma once

#include <pgq/error.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace pgq {

namespace detail {

inline std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n\f\v";
    auto const first = text.find_first_not_of(blank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

inline std::string lowered(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace detail

/// One section. Keys are compared without regard to case. Not for several threads: it notes which keys were asked for.
class ini_section {
public:
    ini_section(std::string file, std::string name, std::size_t line)
        : file_{std::move(file)}, name_{std::move(name)}, line_{line} {}

    /// What stands between the brackets.
    [[nodiscard]] std::string const& name() const { return name_; }

    /// The value, with `%(key)s` replaced and `%%` for a percent sign once `interpolated()`; nothing when the key is
    /// absent.
    [[nodiscard]] std::optional<std::string> find(std::string_view key) const {
        auto const* const found = entry_of(key);
        if (found == nullptr) return std::nullopt;
        found->asked = true;
        return interpolates_ ? expanded(*found, 0) : found->value;
    }
    /// @throws usage_error when there is neither a value nor a fallback
    [[nodiscard]] std::string text(std::string_view key, std::optional<std::string_view> fallback = {}) const {
        if (auto value = find(key)) return std::move(*value);
        if (fallback) return std::string{*fallback};
        throw usage_error{file_ + ": section [" + name_ + "] needs the key \"" + std::string{key} + '"'};
    }
    /// @throws usage_error for what is no whole number from `least` to `most`
    [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t least,
                                      std::int64_t most) const {
        return parsed(key, fallback, least, most, "a whole number");
    }
    /// Seconds, with a fraction where wanted. @throws usage_error for what is no number from `least` to `most`
    [[nodiscard]] double seconds(std::string_view key, double fallback, double least, double most) const {
        return parsed(key, fallback, least, most, "a number of seconds");
    }
    /// 1, yes, true, on and 0, no, false, off. @throws usage_error for anything else
    [[nodiscard]] bool flag(std::string_view key, bool fallback) const {
        auto const value = find(key);
        if (!value) return fallback;
        auto const word = detail::lowered(detail::trimmed(*value));
        for (auto const* const yes : {"1", "yes", "true", "on", "t", "y"}) {
            if (word == yes) return true;
        }
        for (auto const* const no : {"0", "no", "false", "off", "f", "n"}) {
            if (word == no) return false;
        }
        refuse(key, "must be 0 or 1, not \"" + *value + '"');
    }
    /// Words with commas or white space between. An absent key is an empty list.
    [[nodiscard]] std::vector<std::string> words(std::string_view key) const {
        std::vector<std::string> out;
        auto const value = find(key).value_or("");
        std::string_view rest{value};
        while (true) {
            auto const first = rest.find_first_not_of(", \t\r\n");
            if (first == rest.npos) return out;
            rest.remove_prefix(first);
            auto const end = rest.find_first_of(", \t\r\n");
            out.emplace_back(rest.substr(0, end));
            rest.remove_prefix(end == rest.npos ? rest.size() : end);
        }
    }
    /// A path; `~/` at its start becomes the home folder.
    [[nodiscard]] std::string path(std::string_view key, std::string_view fallback = "") const {
        auto value = text(key, fallback);
        char const* const home = std::getenv("HOME");
        if (value.starts_with("~/") && home != nullptr) value.replace(0, 1, home);
        return value;
    }

    /// Values may refer to others by `%(key)s` from now on.
    void interpolated() { interpolates_ = true; }
    /// Adds what the file does not say.
    void supply(std::string_view key, std::string value) {
        if (entry_of(key) == nullptr) entries_.push_back({detail::lowered(key), std::move(value), 0, true});
    }

    /// @throws usage_error naming the first key that nobody has asked for: most likely it is misspelt
    void refuse_unknown() const {
        for (auto const& each : entries_) {
            if (!each.asked) {
                throw usage_error{file_ + ':' + std::to_string(each.line) + ": unknown key \"" + each.key +
                                  "\" in section [" + name_ + ']'};
            }
        }
    }
    /// Throws about the value of a key. @throws usage_error always
    [[noreturn]] void refuse(std::string_view key, std::string const& problem) const {
        auto const* const found = entry_of(key);
        auto const line = found == nullptr ? line_ : found->line;
        throw usage_error{file_ + ':' + std::to_string(line) + ": " + std::string{key} + ' ' + problem};
    }

    /// For the reader of files. @throws usage_error for a key that is there already
    void add(std::string_view key, std::string_view value, std::size_t line) {
        if (auto const* const found = entry_of(key)) {
            throw usage_error{file_ + ':' + std::to_string(line) + ": key \"" + std::string{key} +
                              "\" was set in line " + std::to_string(found->line) + " already"};
        }
        entries_.push_back({detail::lowered(key), std::string{value}, line});
    }
    /// Takes over what `shared` says and this section does not. Such a key need not be known here: others may use it.
    void inherit(ini_section const& shared) {
        for (auto const& each : shared.entries_) {
            if (entry_of(each.key) == nullptr) entries_.push_back({each.key, each.value, each.line, true});
        }
    }
    void extend_last(std::string_view value) { (entries_.back().value += '\n') += value; }
    [[nodiscard]] bool empty() const { return entries_.empty(); }

private:
    struct entry {
        std::string key;
        std::string value;
        std::size_t line;
        mutable bool asked = false;
    };

    [[nodiscard]] entry const* entry_of(std::string_view key) const {
        auto const wanted = detail::lowered(key);
        for (auto const& each : entries_) {
            if (each.key == wanted) return &each;
        }
        return nullptr;
    }

    template <class T> T parsed(std::string_view key, T fallback, T least, T most, char const* what) const {
        auto const value = find(key);
        if (!value) return fallback;
        auto const word = detail::trimmed(*value);
        T number{};
        auto const* const last = word.data() + word.size();
        auto const [end, problem] = std::from_chars(word.data(), last, number);
        if (problem != std::errc{} || end != last || !(number >= least && number <= most)) {
            refuse(key, "must be " + std::string{what} + " from " + plain(least) + " to " + plain(most) + ", not \"" +
                            std::string{word} + '"');
        }
        return number;
    }
    template <class T> static std::string plain(T value) {
        char digits[40];
        return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
    }

    [[nodiscard]] std::string expanded(entry const& from, int depth) const {
        if (depth > 10) refuse(from.key, "refers to itself");
        std::string out;
        std::string_view rest{from.value};
        while (!rest.empty()) {
            auto const percent = rest.find('%');
            out += rest.substr(0, percent);
            if (percent == rest.npos) break;
            rest.remove_prefix(percent + 1);
            auto const close = rest.find(")s");
            if (rest.starts_with('%')) {
                out += '%';
                rest.remove_prefix(1);
            } else if (rest.starts_with('(') && close != rest.npos) {
                auto const name = rest.substr(1, close - 1);
                auto const* const found = entry_of(name);
                if (found == nullptr)
                    refuse(from.key, "refers to the key \"" + std::string{name} + "\", which is not set");
                found->asked = true;
                out += expanded(*found, depth + 1);
                rest.remove_prefix(close + 2);
            } else {
                refuse(from.key, "has a % that is neither %% nor %(key)s");
            }
        }
        return out;
    }

    std::string file_;
    std::string name_;
    std::size_t line_;
    std::vector<entry> entries_{};
    bool interpolates_ = false;
};

}  // namespace pgq
