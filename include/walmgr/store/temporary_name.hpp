/// Under which name an object is written before it gets its own, and whether whoever writes it is gone. Not for users.
#pragma once

#include <signal.h>
#include <sys/random.h>
#include <unistd.h>
#include <walmgr/file.hpp>
#include <walmgr/this_place.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace walmgr::detail {

/// A name beside `path` that nobody else takes: a dot, the object's name, machine, boot, process and chance with a dot
/// in front of each, and `.tmp`.
inline std::string temporary_name(std::string const& path) {
    std::uint64_t chance = 0;
    if (::getentropy(&chance, sizeof chance) != 0) refuse("the system gives no random numbers");
    auto const cut = path.rfind('/');
    auto const& here = this_place();
    return path.substr(0, cut) + "/." + path.substr(cut + 1) + '.' + here.machine + '.' + here.boot + '.' +
           std::to_string(::getpid()) + '.' + std::to_string(chance) + ".tmp";
}

inline bool is_temporary_name(std::string_view name) {
    return name.starts_with('.') && name.ends_with(".tmp");
}

/// Whether it is known that a process which is gone has left a file of such a name: one of this boot whose number
/// nobody has, or one of this machine before it was booted. Of other machines, and of names from before there were such
/// words, nothing is known.
inline bool is_abandoned(std::string_view name) {
    if (!is_temporary_name(name)) return false;
    name.remove_suffix(4);
    std::array<std::string_view, 4> words;  // from the last to the first
    for (auto& word : words) {
        auto const dot = name.rfind('.');
        if (dot == std::string_view::npos) return false;
        word = name.substr(dot + 1);
        name = name.substr(0, dot);
    }
    auto const [chance, process, boot, machine] = words;
    constexpr std::size_t length = 16;
    auto const is_word = [&](std::string_view word) { return word == "0" || word.size() == length; };
    ::pid_t pid = 0;
    auto const [end, problem] = std::from_chars(process.data(), process.data() + process.size(), pid);
    bool const is_number = problem == std::errc{} && end == process.data() + process.size() && pid > 0;
    if (!is_number || !is_word(boot) || !is_word(machine) || boot == "0") return false;
    auto const& here = this_place();
    if (boot == here.boot) return ::kill(pid, 0) != 0 && errno == ESRCH;
    return here.boot != "0" && machine != "0" && machine == here.machine;
}

}  // namespace walmgr::detail
