/// Commands as text: those that a configuration names, which become lists of arguments, and those that PostgreSQL gives
/// to a shell.
#pragma once

#include <walmgr/error.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

namespace detail {

/// Reads one word with its quotes from the front of `rest`.
inline std::string take_word(std::string_view& rest, std::string_view whole) {
    std::string word;
    char quote = '\0';
    while (!rest.empty()) {
        char const c = rest.front();
        if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) break;
        rest.remove_prefix(1);
        if (c == quote) quote = '\0';
        else if (quote == '\0' && (c == '\'' || c == '"')) quote = c;
        else if (c == '\\' && quote != '\'' && !rest.empty()) {
            word += rest.front();
            rest.remove_prefix(1);
        } else if (quote == '\0' && std::string_view{"|&;<>()$`*?"}.find(c) != std::string_view::npos)
            throw error{fault::configuration, "the command \"" + std::string{whole} + "\" has a " + c +
                                                  " for a shell, and none reads it; quote it, or name a script"};
        else word += c;
    }
    if (quote != '\0')
        throw error{fault::configuration, "the command \"" + std::string{whole} + "\" has a quote that is not closed"};
    return word;
}

}  // namespace detail

/// The arguments of a command: words, where quotes and backslashes work as in a shell, and nothing else of a shell
/// does. Empty for an empty text. @throws error  configuration, for what only a shell could do
inline std::vector<std::string> split_command(std::string_view text) {
    std::vector<std::string> words;
    auto rest = text;
    while (true) {
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n"), rest.size()));
        if (rest.empty()) return words;
        words.push_back(detail::take_word(rest, text));
    }
}

/// A word as a shell reads it back.
inline std::string shell_word(std::string_view word) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:=,@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string{word};
    std::string out{'\''};
    for (char const c : word) {
        if (c == '\'') out += "'\\''";
        else out += c;
    }
    return out += '\'';
}

/// A command for archive_command or restore_command. Per cent signs in `program` and `config` are no placeholders;
/// `rest` is taken as it is, such as "xarchive %p %f".
inline std::string server_command(std::string_view program, std::string_view config, std::string_view rest) {
    std::string out;
    for (auto const word : {program, config}) {
        for (char const c : shell_word(word))
            out.append(c == '%' ? 2 : 1, c);
        out += ' ';
    }
    return out.append(rest);
}

/// The words of a server_command() as somebody may have written it; nothing when a shell is needed to read it.
inline std::optional<std::vector<std::string>> words_of_server_command(std::string_view command) {
    std::vector<std::string> words;
    try {
        words = split_command(command);
    } catch (error const&) { return std::nullopt; }
    for (auto& word : words) {
        for (auto at = word.find("%%"); at != std::string::npos; at = word.find("%%", at + 1))
            word.erase(at, 1);
    }
    return words;
}

}  // namespace walmgr
