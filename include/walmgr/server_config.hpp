/// Where the postgresql.conf of a server lies that has none in its data folder, as Debian's servers have it, and how it
/// is started by hand.
#pragma once

#include <unistd.h>
#include <walmgr/command_line.hpp>
#include <walmgr/text_file.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace walmgr {

namespace detail {

/// The words of postmaster.opts: behind the program each is in quotes, and nothing in it is escaped.
/// Source: CreateOptsFile in postmaster.c.
inline std::vector<std::string> words_of_options(std::string_view text) {
    std::vector<std::string> words;
    for (auto at = text.find(" \""); at != text.npos;) {
        auto const end = text.find('"', at + 2);
        if (end == text.npos) break;
        words.emplace_back(text.substr(at + 2, end - at - 2));
        at = text.find(" \"", end + 1);
    }
    return words;
}

/// What `words` say of a setting on a server's command line: -c name=value, -cname=value or --name=value; empty for
/// nothing. The last one counts.
inline std::string option_of(std::vector<std::string> const& words, std::string_view name) {
    std::string found;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view word{words[i]};
        if (word == "-c" && i + 1 < words.size()) word = words[++i];
        else if (word.starts_with("-c") || word.starts_with("--")) word.remove_prefix(2);
        else continue;
        auto const equals = word.find('=');
        if (equals == word.npos || equals != name.size()) continue;
        bool same = true;
        for (std::size_t at = 0; at < equals; ++at)
            same = same && (word[at] == name[at] || (word[at] == '-' && name[at] == '_'));
        if (same) found = word.substr(equals + 1);
    }
    return found;
}

/// The folder of -D; empty for none.
inline std::string folder_of(std::vector<std::string> const& words) {
    std::string found;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "-c") ++i;
        else if (words[i] == "-D" && i + 1 < words.size()) found = words[++i];
        else if (words[i].starts_with("-D")) found = words[i].substr(2);
    }
    return found;
}

}  // namespace detail

/// The postgresql.conf that a server was started with last, by what it has left in its data folder; empty when that
/// was the one in the data folder, is gone, or nobody knows. @throws error  unavailable
inline std::string last_config(std::string const& data) {
    auto const words = detail::words_of_options(read_text_file(data + "/postmaster.opts").value_or(""));
    auto config = detail::option_of(words, "config_file");
    if (auto const folder = detail::folder_of(words); config.empty() && !folder.empty())
        config = folder + "/postgresql.conf";
    std::error_code problem;
    bool const own = std::filesystem::equivalent(std::filesystem::path{config}.parent_path(), data, problem);
    if (!config.starts_with('/') || own || ::access(config.c_str(), F_OK) != 0) return {};
    return config;
}

/// For pg_ctl's -o: settings for this start only, each `name=value`. A shell reads them.
inline std::string start_options(std::vector<std::string> const& settings) {
    std::string out;
    for (auto const& one : settings)
        out.append(out.empty() ? "-c " : " -c ").append(shell_word(one));
    return out;
}

}  // namespace walmgr
