/// Settings and signals of a stopped server's data folder, changed as a whole or not at all.
#pragma once

#include <walmgr/restore/recovery_settings.hpp>
#include <walmgr/text_file.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

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
