/// How the programs end.
#pragma once

#include <string>
#include <string_view>

namespace apps {

inline constexpr int status_done = 0;
inline constexpr int status_failed = 1;  ///< it could not begin its work, or could not do it
inline constexpr int status_usage = 2;   ///< the command line or the configuration is wrong

/// What is said of a failure takes one line.
inline std::string one_line(std::string_view text) {
    std::string line;
    for (char const c : text) {
        if (c == '\n') line += line.empty() || line.back() == ':' ? " " : "; ";
        else line += c;
    }
    return line;
}

}  // namespace apps
