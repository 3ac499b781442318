/// What a stopped server's pg_control says: how it ended, where, and on which timeline.
///
/// It is asked of the server's own pg_controldata and not read here: the layout of that file is another one in each
/// major version and is checked by a digest, while the program comes with each server, checks, and has shown these
/// lines under these names in all of versions 12 to 18.
#pragma once

#include <walmgr/lsn.hpp>
#include <walmgr/process.hpp>
#include <walmgr/wal_name.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// How a server was last seen.
enum class cluster_state {
    shut_down,              ///< a primary that has ended in order
    shut_down_in_recovery,  ///< a standby that has ended in order
    in_production,          ///< a primary that runs, or was killed
    in_recovery,            ///< a standby, or a recovery, that runs or was killed
    between                 ///< it was starting or ending
};

/// The part of pg_control that decisions rest upon.
struct control_data {
    std::uint64_t system_id = 0;
    cluster_state state{};
    lsn checkpoint{};    ///< where the record of the last checkpoint begins; of a shutdown, the last record there is
    timeline tli{};      ///< of the last checkpoint
    lsn minimum_end{};   ///< recovery must come at least so far; zero where there is no such place
    timeline end_tli{};  ///< of `minimum_end`
    bool checksums = false;
    bool log_hints = false;  ///< wal_log_hints: pg_rewind needs this or checksums

    friend bool operator==(control_data const&, control_data const&) = default;
};

namespace detail {

/// The value behind `name:`.
inline std::string_view control_line(std::string_view text, std::string_view name) {
    for (std::size_t at = 0; at < text.size();) {
        auto const end = std::min(text.find('\n', at), text.size());
        auto line = text.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
        line.remove_prefix(name.size() + 1);
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        return line.substr(0, line.find_last_not_of(" \r") + 1);
    }
    throw error{fault::corrupt, "pg_controldata shows no \"" + std::string{name} + '"'};
}

template <class T> T control_number(std::string_view text, std::string_view name) {
    auto const value = control_line(text, name);
    T number{};
    auto const [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc{} || end != value.data() + value.size())
        throw error{fault::corrupt,
                    "pg_controldata shows \"" + std::string{value} + "\" for \"" + std::string{name} + '"'};
    return number;
}

inline lsn control_lsn(std::string_view text, std::string_view name) {
    auto const value = control_line(text, name);
    if (auto const at = parse_lsn(value)) return *at;
    throw error{fault::corrupt, "pg_controldata shows \"" + std::string{value} + "\" for \"" + std::string{name} + '"'};
}

inline cluster_state control_state(std::string_view text) {
    auto const value = control_line(text, "Database cluster state");
    if (value == "shut down") return cluster_state::shut_down;
    if (value == "shut down in recovery") return cluster_state::shut_down_in_recovery;
    if (value == "in production") return cluster_state::in_production;
    if (value == "in archive recovery" || value == "in crash recovery") return cluster_state::in_recovery;
    if (value == "starting up" || value == "shutting down") return cluster_state::between;
    throw error{fault::corrupt, "pg_controldata shows the unknown state \"" + std::string{value} + '"'};
}

}  // namespace detail

/// Takes apart what pg_controldata prints with LC_ALL=C. @throws error  corrupt, naming the line that is missing or
/// odd, and where the program warns that the file's own digest is wrong
inline control_data parse_control_data(std::string_view text) {
    if (text.find("WARNING:") != std::string_view::npos)
        throw error{fault::corrupt, "pg_controldata warns that pg_control is damaged"};
    return {
        .system_id = detail::control_number<std::uint64_t>(text, "Database system identifier"),
        .state = detail::control_state(text),
        .checkpoint = detail::control_lsn(text, "Latest checkpoint location"),
        .tli = timeline{detail::control_number<std::uint32_t>(text, "Latest checkpoint's TimeLineID")},
        .minimum_end = detail::control_lsn(text, "Minimum recovery ending location"),
        .end_tli = timeline{detail::control_number<std::uint32_t>(text, "Min recovery ending loc's timeline")},
        .checksums = detail::control_number<std::uint32_t>(text, "Data page checksum version") != 0,
        .log_hints = detail::control_line(text, "wal_log_hints setting") == "on",
    };
}

/// What pg_controldata of the folder `programs` (empty: as PATH has it) prints of a data folder.
/// @throws error  as run_checked()
inline std::string control_text(std::string const& programs, std::string const& data) {
    auto const program = programs.empty() ? std::string{"pg_controldata"} : programs + "/pg_controldata";
    return run_checked({program, "-D", data}, {.deadline = std::chrono::seconds{60}, .environment = {{"LC_ALL", "C"}}});
}

/// The same, taken apart. @throws error  as run_checked() and parse_control_data()
inline control_data read_control_data(std::string const& programs, std::string const& data) {
    return parse_control_data(control_text(programs, data));
}

}  // namespace walmgr
