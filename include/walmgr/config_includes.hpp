/// Which other files a server's configuration file names. Sources: guc-file.l, and tokenize_auth_file() in hba.c.
#pragma once

#include <walmgr/restore/recovery_settings.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// What is in a configuration file.
enum class config_kind {
    settings,  ///< postgresql.conf, and what it includes
    access,    ///< pg_hba.conf and pg_ident.conf, and what they include
    names      ///< a list of roles or databases, which a line of those names behind an at sign
};

/// A file or a folder that a configuration file names.
struct config_include {
    std::string path{};      ///< as it is written: may be relative to the folder of the file that names it
    config_kind kind{};      ///< what is in it
    bool is_folder = false;  ///< of which the files that end in .conf are meant
    bool may_be_missing = false;

    friend bool operator==(config_include const&, config_include const&) = default;
};

namespace detail {

/// The value of a line `name = value`, without its quotes.
inline std::string value_of_setting(std::string_view line) {
    constexpr std::string_view blank = " \t\r";
    auto const skip = [&](std::string_view what) {
        line.remove_prefix(std::min(line.find_first_not_of(what), line.size()));
    };
    skip(blank);
    line.remove_prefix(std::min(line.find_first_of(" \t\r='#"), line.size()));
    skip(blank);
    if (line.starts_with('=')) line.remove_prefix(1);
    skip(blank);
    if (!line.starts_with('\'')) return std::string{line.substr(0, line.find_first_of(" \t\r#"))};
    std::string out;
    for (std::size_t i = 1; i < line.size(); ++i) {
        bool const twice = line[i] == '\'' && i + 1 < line.size() && line[i + 1] == '\'';
        if (line[i] == '\'' && !twice) break;
        if ((line[i] == '\\' || twice) && i + 1 < line.size()) ++i;
        out += line[i];
    }
    return out;
}

/// A word of a line of pg_hba.conf.
struct access_word {
    std::string text{};
    bool quoted = false;  ///< at its begin
};

/// Words are parted by blanks and commas; quotes keep these in.
inline std::vector<access_word> access_words(std::string_view line) {
    std::vector<access_word> words;
    for (std::size_t at = 0; at < line.size();) {
        at = std::min(line.find_first_not_of(" \t\r,", at), line.size());
        if (at == line.size() || line[at] == '#') break;
        access_word word{.text = {}, .quoted = line[at] == '"'};
        for (bool inside = false; at < line.size(); ++at) {
            if (line[at] == '"') inside = !inside;
            else if (!inside && std::string_view{" \t\r,#"}.find(line[at]) != std::string_view::npos) break;
            else word.text += line[at];
        }
        words.push_back(std::move(word));
    }
    return words;
}

/// The directive of a name; false for another.
inline bool read_directive(std::string_view name, config_include& into) {
    into.is_folder = name == "include_dir";
    into.may_be_missing = name == "include_if_exists";
    return into.is_folder || into.may_be_missing || name == "include";
}

inline void find_in_line(std::string_view line, config_kind kind, std::vector<config_include>& found) {
    config_include one{.kind = kind};
    if (kind == config_kind::settings) {
        if (!read_directive(setting_of(line), one)) return;
        one.path = value_of_setting(line);
        if (!one.path.empty()) found.push_back(std::move(one));
        return;
    }
    auto const words = access_words(line);
    if (kind == config_kind::access && words.size() == 2 && read_directive(words[0].text, one)) {
        one.path = words[1].text;
        found.push_back(std::move(one));
        return;
    }
    for (auto const& word : words) {
        if (!word.quoted && word.text.size() > 1 && word.text.front() == '@')
            found.push_back({.path = word.text.substr(1), .kind = config_kind::names});
    }
}

}  // namespace detail

/// What a file of that kind names, in its order. A line of pg_hba.conf that ends in a backslash goes on in the next.
inline std::vector<config_include> config_includes(std::string_view text, config_kind kind) {
    std::vector<config_include> found;
    std::string joined;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        bool const goes_on = kind != config_kind::settings && line.ends_with('\\');
        joined += goes_on ? line.substr(0, line.size() - 1) : line;
        if (goes_on && !text.empty()) continue;
        detail::find_in_line(joined, kind, found);
        joined.clear();
    }
    return found;
}

}  // namespace walmgr
