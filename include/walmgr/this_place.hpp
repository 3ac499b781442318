/// Where a process runs, so that others can tell whether it can be there still. Not for users.
#pragma once

#include <unistd.h>
#include <walmgr/host_name.hpp>
#include <walmgr/sha256.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>

namespace walmgr::detail {

inline std::string first_line_of(std::string const& path) {
    std::string line;
    std::getline(std::ifstream{path}, line);
    return line;
}

/// The id itself is not for others, as the manual of machine-id has it.
inline std::string machine_digest() {
    auto const id = first_line_of("/etc/machine-id");
    return id.empty() ? id : hex_of(digest_of("walmgr " + id)).substr(0, 32);
}

inline std::string boot_id() {
    return first_line_of("/proc/sys/kernel/random/boot_id");
}

/// What the system calls the numbers of processes that are not a container's.
inline constexpr std::string_view pids_of_machine = "pid:[4026531836]";
/// The same of those that we see; empty when it does not say.
inline std::string pids_of_us() {
    std::string text(64, '\0');
    auto const length = ::readlink("/proc/self/ns/pid", text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    return text;
}

/// A machine and one of its boots, as short words for names of files.
struct place_words {
    std::string machine{};  ///< `0` where it is a container, or has no id: then only this boot is known
    std::string boot{};     ///< with the space of the numbers of processes; `0` where it is not known
};

inline place_words const& this_place() {
    static place_words const here = [] {
        auto const word = [](std::string const& of) { return hex_of(digest_of(of)).substr(0, 16); };
        auto const pids = pids_of_us();
        auto const id = machine_digest();
        auto const boot = boot_id();
        return place_words{id.empty() || pids != pids_of_machine ? "0" : word(id + '\n' + host_name()),
                           boot.empty() || pids.empty() ? "0" : word(boot + '\n' + pids + '\n' + host_name())};
    }();
    return here;
}

}  // namespace walmgr::detail
