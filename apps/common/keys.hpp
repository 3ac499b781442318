/// The keys of a program's configuration: each with what holds where the file says nothing, and what it is for.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace apps {

/// As `--ini` shows it and the file may set it.
struct key {
    std::string_view name;
    std::string_view fallback;
    std::string_view help;
};

/// What holds where the file says nothing. `name` must be one of `keys`.
std::string_view fallback(auto const& keys, std::string_view name) {
    return std::find_if(keys.begin(), keys.end(), [&](key const& one) { return one.name == name; })->fallback;
}

/// A configuration that says nothing, with all that it could say.
std::string sample(std::string_view section, auto const& keys) {
    std::string out = "[" + std::string{section} + "]\n";
    for (key const& one : keys) {
        out.append("\n# ").append(one.help).append("\n#").append(one.name).append(" = ").append(one.fallback);
        while (out.back() == ' ')
            out.pop_back();
        out += '\n';
    }
    return out;
}

}  // namespace apps
