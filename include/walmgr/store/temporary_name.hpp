/// Under which name an object is written before it gets its own. Not for users.
#pragma once

#include <sys/random.h>
#include <unistd.h>
#include <walmgr/file.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr::detail {

/// A name beside `path` that nobody else takes, begins with a dot and ends in `.tmp`.
inline std::string temporary_name(std::string const& path) {
    std::uint64_t chance = 0;
    if (::getentropy(&chance, sizeof chance) != 0) refuse("the system gives no random numbers");
    auto const cut = path.rfind('/');
    return path.substr(0, cut) + "/." + path.substr(cut + 1) + '.' + std::to_string(::getpid()) + '.' +
           std::to_string(chance) + ".tmp";
}

inline bool is_temporary_name(std::string_view name) {
    return name.starts_with('.') && name.ends_with(".tmp");
}

}  // namespace walmgr::detail
