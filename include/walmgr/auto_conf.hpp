/// Settings and signals of a stopped server's data folder, changed as a whole or not at all.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <walmgr/file.hpp>
#include <walmgr/restore/recovery_settings.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// The bytes of a small file; nothing when there is none. @throws error  unavailable
inline std::optional<std::string> read_text_file(std::string const& path) {
    auto const in = open_file(path);
    if (!in.is_open()) return std::nullopt;
    std::string text(static_cast<std::size_t>(in.size()), '\0');
    text.resize(in.read(0, text));
    return text;
}

/// Writes a file that takes the place of what was there, and is durable. Only its owner may read it.
inline void replace_text_file(std::string const& path, std::string_view text) {
    auto const beside = path + ".walmgr.tmp";
    auto out = open_file(beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (!out.is_open()) refuse("cannot create " + beside, ENOENT);
    out.write(text);
    out.sync();
    out.close();
    if (std::rename(beside.c_str(), path.c_str()) != 0) refuse("cannot give " + path + " its name");
    sync_folder(path.substr(0, path.rfind('/') + 1));
}

/// `text` of a configuration file with these settings, each once and behind all others.
inline std::string with_settings(std::string_view text,
                                 std::vector<std::pair<std::string, std::string>> const& settings) {
    std::string out;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const name = detail::setting_of(line);
        bool const ours =
            std::any_of(settings.begin(), settings.end(), [&](auto const& one) { return one.first == name; });
        if (!ours) out.append(line).append("\n");
    }
    for (auto const& [name, value] : settings)
        out.append(name).append(" = ").append(quoted_setting(value)).append("\n");
    return out;
}

/// Puts settings into the postgresql.auto.conf of a server that does not run. What guided an earlier recovery goes.
inline void set_when_stopped(std::string const& data,
                             std::vector<std::pair<std::string, std::string>> const& settings) {
    auto const path = data + "/postgresql.auto.conf";
    replace_text_file(path, with_settings(without_recovery_settings(read_text_file(path).value_or("")), settings));
}

}  // namespace walmgr
