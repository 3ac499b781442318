/// Who works on a cluster's backups. A lock of a file system does not reach over hosts, so it is an object that names
/// its holder; since stores can neither rename nor overwrite, each lease has a number, and a holder that is on another
/// host shows that it lives by new objects of the same number.
///
/// `<cluster>/leases/backup/<number>` holds lines `key=value`; `<number>.<beat>` is a sign of life.
#pragma once

#include <sys/random.h>
#include <unistd.h>
#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/host_name.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/this_place.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A process, so that it can be told from a later one of the same number.
struct lease_holder {
    std::string host{};
    std::string boot_id{};
    std::string machine{};  ///< digest of its id, as many machines have one name; empty where it has no id
    std::string pids{};     ///< whose numbers of processes: those of the machine, or a container's
    ::pid_t pid = 0;
    std::string began{};   ///< in ticks since the boot, from /proc
    std::string work{};    ///< what for: one word
    std::int64_t since{};  ///< seconds since 1970, by its host's clock
    bool beats = true;     ///< gives signs of life

    friend bool operator==(lease_holder const&, lease_holder const&) = default;
};

/// After so long without a sign of life, by our clock, the lease of another host counts as left behind.
inline constexpr std::chrono::minutes lease_patience{10};
/// How often a holder gives one.
inline constexpr std::chrono::seconds lease_beat{60};

namespace detail {

/// The 22nd field of a process's stat; empty when there is no such process. Its name may hold anything but no line end.
inline std::string process_began(::pid_t pid) {
    auto const line = first_line_of("/proc/" + std::to_string(pid) + "/stat");
    auto at = line.rfind(") ");
    if (at == line.npos) return {};
    at += 2;
    constexpr int fields_between = 19;
    for (int i = 0; i < fields_between && at != line.npos; ++i)
        at = line.find(' ', at) == line.npos ? line.npos : line.find(' ', at) + 1;
    return at == line.npos ? std::string{} : line.substr(at, line.find(' ', at) - at);
}

inline std::int64_t seconds_now() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

inline std::string lease_folder(cluster const& of) {
    return of.name + "/leases/backup";
}
inline std::string lease_number(std::uint64_t number) {
    auto const digits = std::to_string(number);
    constexpr std::size_t width = 12;
    return std::string(width - std::min(width, digits.size()), '0') + digits;
}

inline std::string write_holder(lease_holder const& one) {
    return "host=" + one.host + "\nboot=" + one.boot_id + "\nmachine=" + one.machine + "\npids=" + one.pids +
           "\npid=" + std::to_string(one.pid) + "\nbegan=" + one.began + "\nwork=" + one.work +
           "\nsince=" + std::to_string(one.since) + "\nbeats=" + (one.beats ? "1" : "0") + '\n';
}
inline lease_holder read_holder(std::string_view text) {
    std::map<std::string, std::string, std::less<>> said;
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        auto const cut = std::min(line.find('='), line.size());
        said.emplace(line.substr(0, cut), line.substr(std::min(cut + 1, line.size())));
    }
    auto const number = [&]<class T>(char const* key, T value) {
        auto const& digits = said[key];
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return value;
    };
    return {.host = said["host"],
            .boot_id = said["boot"],
            .machine = said["machine"],
            .pids = said["pids"],
            .pid = number("pid", ::pid_t{0}),
            .began = said["began"],
            .work = said["work"],
            .since = number("since", std::int64_t{0}),
            .beats = said["beats"] == "1"};
}

}  // namespace detail

/// A running process of this host as a holder. @throws error  usage, when there is none of that number
inline lease_holder this_host_holder(std::string work, ::pid_t pid = ::getpid()) {
    auto began = detail::process_began(pid);
    if (began.empty()) throw error{fault::usage, "there is no process " + std::to_string(pid)};
    return {.host = host_name(),
            .boot_id = detail::boot_id(),
            .machine = detail::machine_digest(),
            .pids = detail::pids_of_us(),
            .pid = pid,
            .began = std::move(began),
            .work = std::move(work),
            .since = detail::seconds_now(),
            .beats = true};
}

/// For messages: "backup, process 12 of host a".
inline std::string to_string(lease_holder const& one) {
    return one.work + ", process " + std::to_string(one.pid) + " of host " + one.host;
}

/// A lease as it lies in the store.
struct found_lease {
    std::uint64_t number = 0;
    lease_holder holder{};
    std::int64_t last_sign{};            ///< seconds since 1970
    std::vector<std::string> objects{};  ///< its own, and its signs of life
};

/// All of them; more than one while somebody takes over. @throws error  from the store
std::vector<found_lease> find_leases(store auto const& where, cluster const& of) {
    std::vector<found_lease> all;
    auto const folder = detail::lease_folder(of);
    for (auto const& name : where.list(folder)) {
        std::uint64_t number = 0;
        auto const [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (problem != std::errc{}) continue;
        auto const text = read_small_object(where, folder + '/' + name);
        if (!text) continue;  // released meanwhile
        bool const beat = end != name.data() + name.size();
        if (all.empty() || all.back().number != number) all.push_back({.number = number, .holder = {}, .objects = {}});
        auto& one = all.back();
        auto const holder = detail::read_holder(*text);
        if (!beat) one.holder = holder;
        one.last_sign = std::max(one.last_sign, holder.since);
        one.objects.push_back(folder + '/' + name);
    }
    return all;
}

/// Whether its holder is gone: exactly known where its number is, and by its silence from elsewhere. A name says
/// nothing: many machines are called localhost, and containers of one machine, or of two, may have the same id and
/// name.
inline bool is_left_behind(found_lease const& one, lease_holder const& us) {
    if (one.holder.pid == 0) return true;  // its own object is gone, signs of life remain
    auto const& other = one.holder;
    // A lease of old does not say whose numbers.
    bool const same_pids = other.pids.empty() ? other.host == us.host : other.pids == us.pids;
    if (other.boot_id == us.boot_id && same_pids) return detail::process_began(other.pid) != other.began;
    bool const same_machine = !us.machine.empty() && other.machine == us.machine && other.host == us.host &&
                              us.pids == detail::pids_of_machine && other.pids == us.pids;
    if (other.boot_id != us.boot_id && same_machine) return true;  // it was booted since
    return one.holder.beats && detail::seconds_now() - one.last_sign >
                                   std::chrono::duration_cast<std::chrono::seconds>(lease_patience).count();
}

}  // namespace walmgr
